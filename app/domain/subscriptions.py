"""What a subscription may be."""

from enum import StrEnum


class BillingDirection(StrEnum):
    """Whether a period is billed at its start or at its end."""

    ADVANCE = "ADVANCE"
    ARREARS = "ARREARS"


class SubscriptionStatus(StrEnum):
    """Where a subscription is in its life."""

    SCHEDULED = "SCHEDULED"
    TRIAL = "TRIAL"
    AWAITING_PAYMENT = "AWAITING_PAYMENT"
    ACTIVE = "ACTIVE"
    PENDING_CANCELLATION = "PENDING_CANCELLATION"
    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
