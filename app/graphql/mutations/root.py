"""The root mutation fields."""

import strawberry

from app.graphql.mutations.create_contact import create_contact
from app.graphql.mutations.create_customer import create_customer
from app.graphql.mutations.create_customer_group import create_customer_group
from app.graphql.mutations.create_department import create_department
from app.graphql.mutations.create_webhook_endpoint import create_webhook_endpoint
from app.graphql.mutations.delete_contact import delete_contact
from app.graphql.mutations.delete_customer_group import delete_customer_group
from app.graphql.mutations.delete_department import delete_department
from app.graphql.mutations.delete_webhook_endpoint import delete_webhook_endpoint
from app.graphql.mutations.replay_webhook_endpoint import replay_webhook_endpoint
from app.graphql.mutations.rotate_webhook_secret import rotate_webhook_secret
from app.graphql.mutations.test_webhook_endpoint import test_webhook_endpoint
from app.graphql.mutations.update_contact import update_contact
from app.graphql.mutations.update_customer import update_customer
from app.graphql.mutations.update_customer_group import update_customer_group
from app.graphql.mutations.update_department import update_department
from app.graphql.mutations.update_webhook_endpoint import update_webhook_endpoint
from app.graphql.mutations.upsert_contacts import upsert_contacts
from app.graphql.mutations.upsert_customer_groups import upsert_customer_groups
from app.graphql.mutations.upsert_customers import upsert_customers
from app.graphql.mutations.upsert_departments import upsert_departments
from app.graphql.mutations.upsert_ledger_accounts import upsert_ledger_accounts
from app.graphql.mutations.upsert_subscriptions import upsert_subscriptions


@strawberry.type(
    description="All mutations. Root fields run one after the other, each in its own transaction. A field that failed"
    " is null, with an error; the fields before it are stored and returned."
)
class Mutation:
    """The root fields of mutations, one module for each."""

    update_customer = update_customer
    create_customer = create_customer
    upsert_customers = upsert_customers
    create_contact = create_contact
    update_contact = update_contact
    delete_contact = delete_contact
    create_department = create_department
    update_department = update_department
    delete_department = delete_department
    create_customer_group = create_customer_group
    update_customer_group = update_customer_group
    delete_customer_group = delete_customer_group
    upsert_contacts = upsert_contacts
    upsert_departments = upsert_departments
    upsert_customer_groups = upsert_customer_groups
    upsert_ledger_accounts = upsert_ledger_accounts
    upsert_subscriptions = upsert_subscriptions
    create_webhook_endpoint = create_webhook_endpoint
    update_webhook_endpoint = update_webhook_endpoint
    delete_webhook_endpoint = delete_webhook_endpoint
    rotate_webhook_secret = rotate_webhook_secret
    test_webhook_endpoint = test_webhook_endpoint
    replay_webhook_endpoint = replay_webhook_endpoint
