"""The rows of who may enter."""

import pytest
from sqlalchemy.exc import IntegrityError

from custom_components.gatehouse.access import PolicyStore
from custom_components.gatehouse.access.store import Site
from custom_components.gatehouse.agent import SiteMode
from tests.rooms.access.policies import KEY, SALT, card, person, pin

SITE = Site(key=KEY, salt=SALT, mode=SiteMode.EVACUATION)


async def test_a_new_site_has_nothing(store: PolicyStore) -> None:
    assert await store.load() == (None, [])


async def test_there_is_one_site(store: PolicyStore) -> None:
    await store.save_site(Site(key=KEY, salt=SALT))
    await store.save_site(SITE)

    assert await store.load() == (SITE, [])


async def test_secrets_are_in_no_words_about_them() -> None:
    assert KEY.hex() not in repr(SITE)
    assert repr(KEY) not in repr(SITE)
    assert card().hash not in repr(card())


async def test_nouns_are_kept_all_or_none(store: PolicyStore) -> None:
    with pytest.raises(IntegrityError):
        await store.save((person(), card(), card("other", hash=card().hash)))

    assert await store.load() == (None, [])


@pytest.mark.usefixtures("only_in_files")
async def test_what_was_saved_first_comes_first(store: PolicyStore) -> None:
    first, second = pin("z"), pin("a")
    await store.save((first, second))
    await store.save((first,))

    assert await store.load() == (None, [first, second])


async def test_what_is_not_there_is_deleted_all_the_same(store: PolicyStore) -> None:
    await store.save((person(), card()))

    await store.delete((card(), person("bert")))

    assert await store.load() == (None, [person()])
