"""The types of what a transition books: itself, its credit notes and invoices, and their lines."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Optional

import strawberry

from app.db import graph
from app.db.rows import (
    BillingDocumentLineRow,
    BillingDocumentRow,
    BillingTransitionRow,
    CustomerRow,
    SubscriptionRow,
)
from app.graphql.arguments import list_size
from app.graphql.connections import DEFAULT_LIST
from app.graphql.context import Info
from app.graphql.permissions import READS
from app.graphql.types.enums import DocumentKind
from app.graphql.types.paging import LazyCustomer, ListFirst
from app.graphql.types.subscription import CustomerSubscription
