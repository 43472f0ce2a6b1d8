"""Enumerations of a subscription's fields."""

from enum import StrEnum


class BillingDirection(StrEnum):
    """Whether a period is billed at its start or at its end."""

    ADVANCE = "ADVANCE"
    ARREARS = "ARREARS"


class SubscriptionStatus(StrEnum):
    """The state of a subscription."""

    SCHEDULED = "SCHEDULED"
    TRIAL = "TRIAL"
    AWAITING_PAYMENT = "AWAITING_PAYMENT"
    ACTIVE = "ACTIVE"
    PENDING_CANCELLATION = "PENDING_CANCELLATION"
    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
