"""Values of which every message needs several."""

from worker.esms import Receipt


def test_a_value_is_compared_and_hashed_by_what_it_holds() -> None:
    one, other = Receipt(sms_id="1", code="100"), Receipt(sms_id="1", code="100")
    assert one == other
    assert len({one, other}) == 1


def test_a_value_is_frozen_to_whoever_checks_types_alone() -> None:
    """Were it not, the check of types would call this comment unused."""
    receipt = Receipt(sms_id="1", code="100")
    receipt.code = "124"  # type: ignore[misc]
    assert receipt.code == "124"
