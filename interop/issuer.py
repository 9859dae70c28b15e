"""The token endpoint of an operator's own identity provider: client credentials in, an access token out."""

import http.server
import json
import threading
import urllib.parse


class Issuer:
    """Hands out the token that it is told to; serves until the process ends."""

    def __init__(self, token):
        self.token = token
        self.asked = []
        issuer = self

        class Endpoint(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = self.rfile.read(int(self.headers["content-length"])).decode()
                issuer.asked.append(dict(urllib.parse.parse_qsl(form)))
                body = json.dumps({"access_token": issuer.token, "token_type": "Bearer"}).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def environment(self):
        return {
            "GATEWAY_RELAY_IDP_TOKEN_URL": f"http://127.0.0.1:{self._server.server_port}/token",
            "GATEWAY_RELAY_IDP_CLIENT_ID": "interop",
            "GATEWAY_RELAY_IDP_CLIENT_SECRET": "not-a-secret",
        }
