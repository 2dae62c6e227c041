"""`python -m millrace.local.moto_server FD`: SQS, S3, DynamoDB and KMS in memory, on a socket that listens already."""

import logging
import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from millrace.local.moto_transactions import keep_what_they_touch


def main(listener: int) -> None:
    """Serve until the process is stopped."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    keep_what_they_touch()
    application = DomainDispatcherApplication(create_backend_app)
    make_server("127.0.0.1", 0, application, threaded=True, fd=listener).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
