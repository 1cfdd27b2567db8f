#!/usr/bin/python3
"""sign: three issuers by PyJWT and cryptography, knowing nothing of Curfew: keys, a file of issuers, and tokens.

    sign.py DIRECTORY

Writes issuers.json, and for each algorithm NAME: NAME.json (public keys), NAME.token (good) and NAME.crossed (the same
claims under the key of the next issuer)."""
import base64
import json
import os
import sys
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NAMES = ["ES256", "RS256", "EdDSA"]


def text_of(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return text_of(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def make_key(name):
    """A private key, and the JWK of its public half."""
    if name == "ES256":
        key = ec.generate_private_key(ec.SECP256R1())
        at = key.public_key().public_numbers()
        return key, {"kty": "EC", "crv": "P-256", "x": number(at.x, 32), "y": number(at.y, 32)}
    if name == "RS256":
        key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
        at = key.public_key().public_numbers()
        return key, {"kty": "RSA", "n": number(at.n), "e": number(at.e)}
    key = ed25519.Ed25519PrivateKey.generate()
    point = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return key, {"kty": "OKP", "crv": "Ed25519", "x": text_of(point)}


def claims_of(name):
    now = int(time.time())
    curfew = {"v": 1, "tenant": "acme", "session": "3.AAECAwQFBgcICQoLDA0ODw", "auth_us": now * 1000000}
    return {"iss": "https://%s.example" % name, "sub": "ada", "aud": "books", "client_id": "c", "iat": now,
            "exp": now + 300, "jti": "j-" + name, "curfew": curfew}


def main():
    directory = sys.argv[1]
    keys = {}
    issuers = []
    for name in NAMES:
        keys[name], jwk = make_key(name)
        jwk.update(kid="k", use="sig", alg=name)
        with open(os.path.join(directory, name + ".json"), "w") as out:
            json.dump({"keys": [jwk]}, out)
        issuers.append({"issuer": "https://%s.example" % name, "jwks_file": name + ".json", "algorithms": [name],
                        "tenants": ["acme"]})
    with open(os.path.join(directory, "issuers.json"), "w") as out:
        json.dump({"issuers": issuers}, out)
    for at, name in enumerate(NAMES):
        other = NAMES[(at + 1) % len(NAMES)]
        for signer, kind in ((name, "token"), (other, "crossed")):
            token = jwt.encode(claims_of(name), keys[signer], algorithm=signer, headers={"typ": "at+jwt", "kid": "k"})
            with open(os.path.join(directory, name + "." + kind), "w") as out:
                out.write(token)


if __name__ == "__main__":
    main()
