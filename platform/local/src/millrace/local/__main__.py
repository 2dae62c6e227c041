"""`python -m millrace.local`: the stack in the foreground."""

from millrace.local.commands import up

if __name__ == "__main__":
    up(detach=False)
