"""Files of every kind, imported as an operator does, by the role that serves, while two workers answer."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.cli.import_kinds import KINDS
from app.domain.identity import Scope
from tests.deployed.client import Client
from tests.deployed.companies import Company, new_company
from tests.deployed.deployment import Deployment, Served

FILES: Mapping[str, str] = {
    "accounts": 'number,name\n1010,"Sales, domestic"\n',
    "groups": "number,name,accountNumber\n1,Everyone,1010\n",
    "customers": (
        "externalSystemId,name,vatZone,customerGroupNumber,countryCode,defaultCurrency,parent.externalSystemId\n"
        "K-2,Nordlys Ærø,DOMESTIC,1,DK,DKK,K-1\nK-1,Nordlys A/S,DOMESTIC,1,DK,DKK,\n"
    ),
    "contacts": "customer.externalSystemId,email,name\nK-2,ebbe@nordlys.example,Ebbe\n",
    "departments": "customer.externalSystemId,name,city\nK-2,Ferry,Søby\n",
    "subscriptions": (
        "externalSystemId,customer.externalSystemId,name,status,currency,netAmount,anchorDay,startedOn,"
        "currentPeriod.startsOn,currentPeriod.endsOn,currentPeriod.netAmount,nextBillingDate\n"
        "S-1,K-2,Fibernet,ACTIVE,DKK,300.00,1,2026-01-01,2026-06-01,2026-07-01,300.00,2026-07-01\n"
    ),
}
"""In the order of docs/import.md."""
QUERY = """{ customer(by: { externalSystemId: "K-2" }) { name customerGroupName parent { name }
  contacts(first: 10) { name email } departments(first: 10) { name city }
  subscriptions(first: 10) { externalSystemId currentPeriodEnd } } }"""
SHOWN = {
    "customer": {
        "name": "Nordlys Ærø",
        "customerGroupName": "Everyone",
        "parent": {"name": "Nordlys A/S"},
        "contacts": [{"name": "Ebbe", "email": "ebbe@nordlys.example"}],
        "departments": [{"name": "Ferry", "city": "Søby"}],
        "subscriptions": [{"externalSystemId": "S-1", "currentPeriodEnd": "2026-07-01"}],
    }
}


def import_file(company: Company, kind: str, path: Path) -> tuple[int, str, str]:
    """Run the import in the container that serves, with the file mounted; return how it ended."""
    deployment = company.deployment
    inside = f"/data/{path.name}"
    declared = deployment.declared("service", "import", kind, inside, "--company", company.id)
    assert "OWNER_DATABASE_URL" not in declared.environment
    result = deployment.sandbox.run(replace(declared, mounts={**declared.mounts, inside: str(path)}))
    return result.returncode, result.stdout, result.stderr


def test_files_of_every_kind_are_imported_while_the_service_answers(deployment: Deployment, migrated: str) -> None:
    assert migrated
    assert FILES.keys() == KINDS.keys()
    company = new_company(deployment, "Imports A/S")
    with deployment.serving(WORKERS="2") as served:
        assert ask(served, company) == {"customer": None}
        for kind, content in FILES.items():
            path = deployment.folder / f"{kind}.csv"
            path.write_text(content, encoding="utf-8")
            rows = content.count("\n") - 1
            for written, unchanged in ((rows, 0), (0, rows)):
                code, printed, said = import_file(company, kind, path)
                expected = f"Rows: {written} created, 0 updated, {unchanged} unchanged, 0 rejected.\n"
                assert (code, printed) == (0, expected), said
            # New connections, so that both workers answer.
            found = [ask(served, company) for _ in range(4)]
            assert all((answer["customer"] is None) == (kind in {"accounts", "groups"}) for answer in found)
        assert [ask(served, company) for _ in range(8)] == [SHOWN] * 8


def ask(served: Served, company: Company) -> dict[str, Any]:
    with Client(served.url, company.credential("token", *Scope)) as client:
        return client.data(QUERY)
