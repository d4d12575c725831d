"""Saves searches of the log for whoever made them; nobody sees another's."""

from gateway.errors import InvalidInput, NotFound
from gateway.model.account import Account
from gateway.model.ids import new_id
from gateway.storage import searches
from gateway.storage.searches import SavedSearch
from gateway.storage.store import Store

MOST = 50
"""Searches that one account may keep."""

_LONGEST_NAME, _LONGEST_QUERY = 100, 4000


def saved(store: Store, account: Account) -> list[SavedSearch]:
    """The account's own."""
    with store.read() as connection:
        return searches.of_account(connection, account.account_id)


def save(store: Store, account: Account, name: str, query: str) -> None:
    """Keep a search under a name. InvalidInput where the name does not fit, or there are too many."""
    plain = name.strip()
    if not plain or len(plain) > _LONGEST_NAME or not plain.isprintable():
        raise InvalidInput({"name": [f"1 to {_LONGEST_NAME} characters"]})
    if len(query) > _LONGEST_QUERY:
        raise InvalidInput({"search": [f"at most {_LONGEST_QUERY} characters"]})
    now = store.clock()
    added = SavedSearch(search_id=new_id(now, store.entropy), name=plain, query=query)
    with store.change() as connection:
        if len(searches.of_account(connection, account.account_id)) >= MOST:
            raise InvalidInput({"name": [f"at most {MOST} searches: remove one first"]})
        searches.add(connection, account.account_id, added, now)


def remove(store: Store, account: Account, search_id: str) -> None:
    """Forget a search; NotFound when it is none of the account's."""
    with store.change() as connection:
        if not searches.drop(connection, account.account_id, search_id):
            raise NotFound(f"there is no search {search_id}")
