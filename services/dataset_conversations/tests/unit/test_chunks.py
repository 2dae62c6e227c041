from millrace.dataset_conversations.domain.chunks import cut
from millrace.dataset_conversations.domain.rows import Unit


def units(turns: int, each: int) -> list[Unit]:
    return [
        Unit(f"t{turn}#{n}", f"t{turn}", "c", f"t{turn}", n, 0, 4, "text", "h", "en", "customer", None, "")
        for turn in range(turns)
        for n in range(each)
    ]


def test_chunks_are_few_and_none_is_too_small() -> None:
    # Given 1,000 units of 500 turns / When they are cut / Then there are as many chunks as both bounds allow
    assert [len(chunk) for chunk in cut(units(500, 2), max_chunks=4, min_rows=200)] == [250] * 4
    assert [len(chunk) for chunk in cut(units(500, 2), max_chunks=8, min_rows=400)] == [500] * 2


def test_few_units_make_one_chunk_and_none_an_empty_one() -> None:
    # Given fewer units than a chunk should have / When they are cut / Then there is still exactly one chunk
    assert [len(chunk) for chunk in cut(units(3, 1), max_chunks=4, min_rows=200)] == [3]
    assert cut([], max_chunks=4, min_rows=200) == [[]]


def test_turns_stay_whole_and_nothing_is_lost() -> None:
    # Given turns of three units
    given = units(40, 3)

    # When they are cut
    chunks = cut(given, max_chunks=3, min_rows=10)

    # Then every turn is in one chunk, in order, and the chunks hold all units once
    places = [{unit.turn_id for unit in chunk} for chunk in chunks]
    assert sum(map(len, places)) == len(set().union(*places)) == 40
    assert [unit.n for chunk in chunks for unit in chunk] == [0, 1, 2] * 40
    assert sorted(unit for chunk in chunks for unit in chunk) == sorted(given)


def test_the_beginning_of_a_chunk_is_a_sample_of_the_whole() -> None:
    # Given 400 turns in the order of time
    first, *_ = cut(units(400, 1), max_chunks=2, min_rows=100)

    # When only a quarter of the first chunk is looked at
    early = sum(1 for unit in first[:50] if int(unit.turn_id[1:]) < 200)

    # Then it holds turns of the first and of the second half alike (binomial: 25 +- 3.5)
    assert 14 <= early <= 36


def test_a_chunk_that_would_be_too_small_is_not_made() -> None:
    # Given one long turn of 9 units and one of 2, both of the same text volume per unit
    given = units(1, 9) + [unit._replace(turn_id="last", unit_id=f"last#{unit.n}") for unit in units(1, 2)]

    # When two chunks of at least five are asked for / Then the turns are not torn: one chunk takes all
    assert [len(chunk) for chunk in cut(given, max_chunks=2, min_rows=5)] == [11]
