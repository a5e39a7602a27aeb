"""An integrator's client: generated from the protos, over mutual TLS.

Looks professionals up, makes two mistakes, and prints as JSON what came of it.
"""

import json
import os

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from aval.practitioner_directory.v1 import directory_admin_service_pb2 as admin_messages
from aval.practitioner_directory.v1 import directory_admin_service_pb2_grpc as admin
from aval.practitioner_directory.v1 import directory_pb2 as words
from aval.practitioner_directory.v1 import directory_service_pb2 as messages
from aval.practitioner_directory.v1 import directory_service_pb2_grpc as directory


def main():
    with channel() as to_directory:
        service = directory.DirectoryServiceStub(to_directory)
        operators = admin.DirectoryAdminServiceStub(to_directory)
        wrong = messages.SearchPractitionersRequest(name=os.environ["NAME"], page_size=-1)
        report = {
            "found": search(service, os.environ["NAME"]),
            "refused": refusal(service.SearchPractitioners, wrong),
            "not_allowed": refusal(operators.ListImports, admin_messages.ListImportsRequest()),
        }
    print(json.dumps(report))


def channel():
    credentials = grpc.ssl_channel_credentials(
        root_certificates=read("CA"),
        private_key=read("KEY"),
        certificate_chain=read("CERTIFICATE"),
    )
    options = [("grpc.ssl_target_name_override", "localhost")]
    return grpc.secure_channel(os.environ["ADDRESS"], credentials, options)


def read(variable):
    with open(os.environ[variable], "rb") as file:
        return file.read()


def search(service, name):
    answer = service.SearchPractitioners(messages.SearchPractitionersRequest(name=name), timeout=30)
    return [
        {
            "family_name": match.practitioner.family_name,
            "given_name": match.practitioner.given_name,
            "homonym": match.homonym,
            "rpps": rpps(match.practitioner),
        }
        for match in answer.matches
    ]


def rpps(practitioner):
    for identifier in practitioner.identifiers:
        if identifier.kind == words.IDENTIFIER_KIND_RPPS:
            return identifier.value
    return None


def refusal(call, request):
    """What a refusal says, read from its details."""
    try:
        call(request, timeout=30)
    except grpc.RpcError as error:
        said = {"code": error.code().name}
        for detail in rpc_status.from_call(error).details:
            read_detail(detail, said)
        return said
    raise SystemExit("answered where a refusal was expected")


def read_detail(detail, said):
    info = error_details_pb2.ErrorInfo()
    violations = error_details_pb2.BadRequest()
    localized = error_details_pb2.LocalizedMessage()
    if detail.Unpack(info):
        said["reason"] = info.reason
        said["domain"] = info.domain
    elif detail.Unpack(violations):
        said["fields"] = [violation.field for violation in violations.field_violations]
    elif detail.Unpack(localized):
        said["locale"] = localized.locale


if __name__ == "__main__":
    main()
