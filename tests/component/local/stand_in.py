"""A local stack whose services are stand-ins, ready at once: its supervisor is under test.

python stand_in.py stack FOLDER     the stack, held up until it is told to end
python stand_in.py service PORT     one stand-in
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from rich.console import Console

from deploy.local.control import JARS
from deploy.local.process import StackError
from deploy.local.stack import Stack


class Answer(BaseHTTPRequestHandler):
    """Answers 200 to everything, with its process id."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())


def main() -> None:
    if sys.argv[1] == "service":
        HTTPServer(("127.0.0.1", int(sys.argv[2])), Answer).serve_forever()
    here = str(Path(__file__))
    try:
        stack = Stack(
            Path(sys.argv[2]),
            jars=JARS,
            environment=os.environ,
            console=Console(),
            make_command=lambda _service, _half, port: [sys.executable, here, "service", str(port)],
        )
        stack.run(ready=lambda: print("READY", flush=True))
    except StackError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
