"""JWT authorization of the API, on a temporary stack with a token issuer on the loopback interface."""

import json
import threading
import time
import unittest
from base64 import urlsafe_b64encode
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from infra.tests.temporary_stack import hold

_AUDIENCE = "vpp-api"


def _base64url(value: bytes | dict[str, Any]) -> str:
    encoded = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(encoded).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class _Issuer:
    """A token issuer that publishes its signing key (OpenID Connect Discovery 1.0, RFC 7517)."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        numbers = self._key.public_key().public_numbers()
        jwk = {
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "kid": "one",
            "n": _number(numbers.n),
            "e": _number(numbers.e),
        }
        documents: dict[str, dict[str, Any]] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                document = documents.get(self.path)
                self.send_response(200 if document else 404)
                self.end_headers()
                self.wfile.write(json.dumps(document or {}).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        documents["/.well-known/openid-configuration"] = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        documents["/keys"] = {"keys": [jwk]}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def token(self, **claims: Any) -> str:
        """Returns a JWT (RFC 7519) that is valid except for the given claims."""
        now = int(time.time())
        body = {"iss": self.url, "aud": _AUDIENCE, "iat": now, "exp": now + 600, "sub": "user"} | claims
        signed = f"{_base64url({'alg': 'RS256', 'kid': 'one'})}.{_base64url(body)}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_base64url(signature)}"


class Jwt(unittest.TestCase):
    """The parameters `JwtIssuer` and `JwtAudience`."""

    issuer: ClassVar[_Issuer]
    stack: ClassVar[dict[str, str]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.issuer = _Issuer()
        cls.addClassCleanup(cls.issuer.close)
        parameters = [f"--parameter=JwtIssuer={cls.issuer.url}", f"--parameter=JwtAudience={_AUDIENCE}"]
        cls.stack = hold(cls, *parameters)

    def _send(self, method: str, path: str, headers: dict[str, str], body: str | None = None) -> HTTPResponse:
        endpoint, api = urlsplit(self.stack["endpoint"]), urlsplit(self.stack["api_url"])
        connection = HTTPConnection(endpoint.hostname, endpoint.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request(method, path, body, {"Host": api.netloc} | headers)
        return connection.getresponse()

    def _call(self, method: str, path: str, token: str | None, body: str | None = None) -> tuple[int, dict[str, Any]]:
        authorization = {} if token is None else {"Authorization": f"Bearer {token}"}
        response = self._send(method, path, {"Content-Type": "application/json"} | authorization, body)
        return response.status, json.loads(response.read() or b"{}")

    def _upload(self, token: str) -> tuple[int, dict[str, Any]]:
        return self._call("POST", "/uploads", token, '{"name": "a.mp4", "bytes": 1000}')

    def test_the_role_is_a_value_of_a_claim(self) -> None:
        for claims in (
            {"scope": "openid vpp/operator"},
            {"roles": "[vpp/reader vpp/operator]"},
            {"cognito:groups": "[vpp/operator]"},
        ):
            with self.subTest(claims=claims):
                self.assertEqual(self._call("GET", "/packaged_content", self.issuer.token(**claims))[0], 200)
                self.assertEqual(self._upload(self.issuer.token(**claims))[0], 201)
        reader = self.issuer.token(scope="vpp/reader")
        self.assertEqual(self._call("GET", "/packaged_content", reader)[0], 200)
        others = (
            {"scope": "openid"},
            {"sub": "vpp/operator"},
            {"scope": "crm/operator operator"},
            {"roles": "[operator]"},
        )
        for token in (reader, *(self.issuer.token(**claims) for claims in others)):
            status, problem = self._upload(token)
            self.assertEqual((status, problem["code"]), (403, "role_insufficient"))

    def test_a_token_that_is_invalid_for_this_api_is_rejected(self) -> None:
        other_issuer = _Issuer()
        self.addCleanup(other_issuer.close)
        operator, now = {"scope": "vpp/operator"}, int(time.time())
        valid = self.issuer.token(**operator)
        header, body, signature = valid.split(".")
        forged = _base64url({"iss": self.issuer.url, "aud": _AUDIENCE, "exp": now + 600, "scope": "vpp/operator"})
        for name, token in {
            "no token": None,
            "not a JWT": "operator",
            "unsigned": f"{_base64url({'alg': 'none', 'kid': 'one'})}.{body}.",
            "modified claims": f"{header}.{forged}.{signature}",
            "another issuer": other_issuer.token(**operator),
            "another issuer with this issuer's name": other_issuer.token(**operator, iss=self.issuer.url),
            "another audience": self.issuer.token(**operator, aud="another"),
            "expired": self.issuer.token(**operator, exp=now - 60),
            "not yet valid": self.issuer.token(**operator, nbf=now + 600),
        }.items():
            with self.subTest(name):
                self.assertEqual(self._call("GET", "/packaged_content", token)[0], 401)
        self.assertEqual(self._call("GET", "/packaged_content", valid)[0], 200, "the original token is valid")

    def test_a_cors_preflight_needs_no_token(self) -> None:
        preflight = {"Origin": "https://page.example", "Access-Control-Request-Method": "POST"}
        response = self._send("OPTIONS", "/packaged_content", preflight)
        self.assertIn(response.status, (200, 204))
        self.assertEqual(response.getheader("Access-Control-Allow-Origin"), "*")

    def test_public_routes_need_no_token_and_there_are_no_token_secrets(self) -> None:
        for path in ("/health", "/openapi.json"):
            self.assertEqual(self._call("GET", path, None)[0], 200, path)
        self.assertNotIn("operator_token_secret", self.stack)
        self.assertNotIn("reader_token_secret", self.stack)


if __name__ == "__main__":
    unittest.main()
