"""Checks with botocore's own signer that a request is signed as AWS requires."""

import datetime
import re

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ACCESS_KEY, SECRET_KEY, SESSION_TOKEN = "AKIATESTTESTTESTTEST", "test/secret+test/secret+test/secret+test", "test/token=="

SCHEME = r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d+)/([^/]+)/ec2/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)"


def error_of_signature(headers, body):
    """Returns status, code and message of EC2's error, or None."""
    found = re.fullmatch(SCHEME, headers.get("Authorization", ""))
    if not found:
        return 401, "AuthFailure", "the request is not signed"
    key, _, region, signed, signature = found.groups()
    token = headers.get("X-Amz-Security-Token")
    if key != ACCESS_KEY:
        return 401, "AuthFailure", "AWS was not able to validate the provided access credentials"
    if token not in (None, SESSION_TOKEN):
        return 400, "ExpiredToken", "the security token included in the request is expired"
    date = headers["X-Amz-Date"]
    sent = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    if abs(datetime.datetime.now(datetime.timezone.utc) - sent) > datetime.timedelta(minutes=5):
        return 400, "RequestExpired", "the request has expired"
    if token and "x-amz-security-token" not in signed.split(";"):
        return 403, "SignatureDoesNotMatch", "the session token is not signed"
    if signature != signature_of(headers, body, region, signed.split(";"), date):
        return 403, "SignatureDoesNotMatch", "the signature is wrong"
    return None


def signature_of(headers, body, region, signed, date):
    request = AWSRequest(method="POST", url=f"http://{headers['Host']}/", data=body)
    for name in signed:
        request.headers[name] = headers[name]
    request.context["timestamp"] = date
    signer = SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "ec2", region)
    return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
