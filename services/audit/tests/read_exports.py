"""Reads exports with a FHIR library that knows nothing of Aval, and says what it found."""

import json
import sys

from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle

folder, counts = sys.argv[1], {}
for rendering in ("balp", "tde"):
    with open(f"{folder}/{rendering}.ndjson", encoding="utf-8") as lines:
        events = [AuditEvent.model_validate_json(line) for line in lines]
    with open(f"{folder}/{rendering}.json", encoding="utf-8") as file:
        bundle = Bundle.model_validate_json(file.read())
    bundled = [entry.resource for entry in bundle.entry]
    assert all(isinstance(event, AuditEvent) for event in bundled)
    assert [event.id for event in events] == [event.id for event in bundled]
    counts[rendering] = len(events)
print(json.dumps(counts))
