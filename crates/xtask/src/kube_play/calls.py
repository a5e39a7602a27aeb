"""Calls every service, as software from outside does, and says what came of it.

The certificates are the caller's own. No identity provider is there to sign in at: the token
of the one call in a person's name is signed here, as identity would sign it, and consent reads
the key from identity.
"""

import base64
import hashlib
import json
import os
import ssl
import subprocess
import sys
import time
import uuid

import grpc

from aval.audit.v1 import transparency_service_pb2 as log_messages
from aval.audit.v1 import transparency_service_pb2_grpc as log
from aval.common.v1 import access_pb2 as access
from aval.consent.v1 import decision_service_pb2 as decision_messages
from aval.consent.v1 import decision_service_pb2_grpc as decisions
from aval.consent.v1 import policy_service_pb2 as policy_messages
from aval.consent.v1 import policy_service_pb2_grpc as policies
from aval.consent.v1 import record_settings_service_pb2 as settings_messages
from aval.consent.v1 import record_settings_service_pb2_grpc as settings
from aval.identity.v1 import patient_pb2 as words
from aval.identity.v1 import patient_service_pb2 as patient_messages
from aval.identity.v1 import patient_service_pb2_grpc as patients
from aval.practitioner_directory.v1 import directory_service_pb2 as directory_messages
from aval.practitioner_directory.v1 import directory_service_pb2_grpc as directory

SECONDS = 30
# An identity that nobody has.
INS = words.Ins(matricule="279015121500014", oid="1.2.250.1.213.1.4.10")
TRAITS = words.IdentityTraits(
    birth_name="ESSAI",
    birth_first_names=["DOMINIQUE"],
    birth_date="1979-01-15",
    sex=words.SEX_FEMALE,
    birth_place_code="51215",
)


def main():
    operator, gateway = Caller("operator"), Caller("gateway")
    before = log_size(operator)
    patient = register(operator)
    print("identity registered a patient")
    open_record(operator, patient)
    print("consent opened their record")
    decision = check(gateway, patient)
    expect(decision.effect == decision_messages.EFFECT_PERMIT, decision)
    expect(decision.ground.kind == decision_messages.GROUND_KIND_OWN_RECORD, decision)
    print("consent decided that they may read it, by policy", decision.policy_revision)
    refused(gateway)
    print("consent refused a caller who is not on its list")
    found = search(gateway)
    print("practitioner-directory found", found, "of that name")
    print("audit has", await_growth(operator, before + 2), "events in its log")


class Caller:
    """Software with a certificate of its own."""

    def __init__(self, name):
        self.certificate = read(f"{name}.crt")
        self.credentials = grpc.ssl_channel_credentials(
            root_certificates=read("ca.crt"),
            private_key=read(f"{name}.key"),
            certificate_chain=self.certificate,
        )

    def to(self, service):
        address = os.environ[service.replace("-", "_").upper()]
        options = [("grpc.ssl_target_name_override", service)]
        return grpc.secure_channel(address, self.credentials, options)

    def thumbprint(self):
        der = ssl.PEM_cert_to_DER_cert(self.certificate.decode())
        return base64url(hashlib.sha256(der).digest())


def register(operator):
    with operator.to("identity") as channel:
        request = patient_messages.RegisterPatientRequest(
            ins=INS,
            traits=TRAITS,
            status=words.IDENTITY_STATUS_QUALIFIED,
            request_id=str(uuid.uuid4()),
        )
        answer = patients.PatientServiceStub(channel).RegisterPatient(request, timeout=SECONDS)
        return answer.patient.patient_id


def open_record(operator, patient):
    with operator.to("consent") as channel:
        stub = settings.RecordSettingsServiceStub(channel)
        request = settings_messages.OpenRecordRequest(
            patient_id=patient, request_id=str(uuid.uuid4())
        )
        stub.OpenRecord(request, timeout=SECONDS)


def check(gateway, patient):
    question = decision_messages.AccessQuestion(
        patient_id=patient,
        action=access.ACCESS_ACTION_CONSULT,
        mode=access.ACCESS_MODE_NORMAL,
    )
    bearer = [("authorization", f"Bearer {token(patient, gateway.thumbprint())}")]
    with gateway.to("consent") as channel:
        stub = decisions.DecisionServiceStub(channel)
        request = decision_messages.CheckRequest(question=question)
        return stub.Check(request, timeout=SECONDS, metadata=bearer).decision


def refused(gateway):
    with gateway.to("consent") as channel:
        stub = policies.PolicyServiceStub(channel)
        try:
            stub.GetMatrix(policy_messages.GetMatrixRequest(), timeout=SECONDS)
        except grpc.RpcError as error:
            expect(error.code() == grpc.StatusCode.PERMISSION_DENIED, error)
        else:
            sys.exit("answered where a refusal was expected")


def search(gateway):
    with gateway.to("practitioner-directory") as channel:
        stub = directory.DirectoryServiceStub(channel)
        request = directory_messages.SearchPractitionersRequest(name="le goff")
        return len(stub.SearchPractitioners(request, timeout=SECONDS).matches)


def log_size(operator):
    with operator.to("audit") as channel:
        stub = log.TransparencyServiceStub(channel)
        answer = stub.GetCheckpoint(log_messages.GetCheckpointRequest(), timeout=SECONDS)
        # The origin, the size, the root, and who signed.
        return int(answer.checkpoint.splitlines()[1])


def await_growth(operator, size):
    """Events are delivered after the answer: what was done is there soon."""
    for _ in range(150):
        found = log_size(operator)
        if found >= size:
            return found
        time.sleep(0.2)
    sys.exit(f"audit has {found} events, and not {size}")


def token(patient, thumbprint):
    key = os.path.join(os.environ["KEYS"], "token-signing.pem")
    public = openssl("pkey", "-in", key, "-pubout", "-outform", "DER")
    x, y = base64url(public[-64:-32]), base64url(public[-32:])
    # RFC 7638.
    members = json.dumps({"crv": "P-256", "kty": "EC", "x": x, "y": y}, separators=(",", ":"))
    header = {
        "typ": "at+jwt",
        "alg": "ES256",
        "kid": base64url(hashlib.sha256(members.encode()).digest()),
    }
    now = int(time.time())
    claims = {
        "iss": "https://identity",
        "aud": "aval",
        "sub": patient,
        "sid": str(uuid.uuid4()),
        "jti": str(uuid.uuid4()),
        "iat": now,
        "exp": now + 240,
        "kind": "patient",
        "strength": "substantial",
        "auth_time": now,
        "cnf": {"x5t#S256": thumbprint},
    }
    text = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    signature = openssl("dgst", "-sha256", "-sign", key, given=text.encode())
    return f"{text}.{base64url(fixed(signature))}"


def fixed(signature):
    """Two numbers of 32 bytes, of what is two numbers in DER."""
    r_length = signature[3]
    r = signature[4 : 4 + r_length]
    s = signature[6 + r_length :]
    return b"".join(number.lstrip(b"\0").rjust(32, b"\0") for number in (r, s))


def openssl(*arguments, given=None):
    return subprocess.run(
        ["openssl", *arguments], input=given, check=True, capture_output=True
    ).stdout


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def read(name):
    with open(os.path.join(os.environ["KEYS"], name), "rb") as file:
        return file.read()


def expect(holds, said):
    if not holds:
        sys.exit(f"not what was expected: {said}")


if __name__ == "__main__":
    main()
