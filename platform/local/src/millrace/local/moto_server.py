"""`python -m millrace.local.moto_server READY_FILE`: SQS, S3, DynamoDB and KMS in memory, on a port of the system's.

The port is bound before it is told, so nobody else can take it in between.
"""

import json
import logging
import os
import sys
from pathlib import Path

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


def main(ready_file: Path) -> None:
    """Serve until the process is stopped."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    fresh = ready_file.with_suffix(".new")
    fresh.write_text(json.dumps({"port": server.server_port, "pid": os.getpid()}))
    fresh.replace(ready_file)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
