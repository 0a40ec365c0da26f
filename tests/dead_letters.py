"""Dead letters of a stack that tests share: workers that other tests kill leave some."""

from sqlalchemy import delete

from securenet_obs.store import DeadLetter, create_store_engine


def delete_dead_letters(url: str) -> None:
    """Delete every dead letter of the store at this address."""
    engine = create_store_engine(url)
    with engine.begin() as connection:
        connection.execute(delete(DeadLetter))
    engine.dispose()
