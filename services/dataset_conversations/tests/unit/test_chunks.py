from millrace.dataset_conversations.domain.chunks import cut, rows
from millrace.dataset_conversations.domain.rows import Cut, Turn


def cuts(turns: int, each: int, first: int = 0) -> list[Cut]:
    return [
        Cut(
            Turn(f"t{n}", "c", f"t{n}", 0, "customer", None, "text" * each, "en", 1.0, "", 0),
            [(0, 4)] * each,
            ["h"] * each,
        )
        for n in range(first, first + turns)
    ]


def test_chunks_are_few_and_none_is_too_small() -> None:
    # Given 1,000 units of 500 turns / When they are cut / Then there are as many chunks as both bounds allow
    assert [rows(chunk) for chunk in cut(cuts(500, 2), max_chunks=4, min_rows=200)] == [250] * 4
    assert [rows(chunk) for chunk in cut(cuts(500, 2), max_chunks=8, min_rows=400)] == [500] * 2


def test_few_units_make_one_chunk_and_none_an_empty_one() -> None:
    # Given fewer units than a chunk should have / When they are cut / Then there is still exactly one chunk
    assert [rows(chunk) for chunk in cut(cuts(3, 1), max_chunks=4, min_rows=200)] == [3]
    assert cut([], max_chunks=4, min_rows=200) == [[]]


def test_turns_stay_whole_and_nothing_is_lost() -> None:
    # Given turns of three units
    given = cuts(40, 3)

    # When they are cut
    chunks = cut(given, max_chunks=3, min_rows=10)

    # Then every turn is in one chunk, in order, and the chunks hold all units once
    assert sorted(each.turn.turn_id for chunk in chunks for each in chunk) == sorted(
        each.turn.turn_id for each in given
    )
    assert sum(map(rows, chunks)) == 120


def test_the_beginning_of_a_chunk_is_a_sample_of_the_whole() -> None:
    # Given 400 turns in the order of time
    first, *_ = cut(cuts(400, 1), max_chunks=2, min_rows=100)

    # When only a quarter of the first chunk is looked at
    early = sum(1 for each in first[:50] if int(each.turn.turn_id[1:]) < 200)

    # Then it holds turns of the first and of the second half alike (binomial: 25 +- 3.5)
    assert 14 <= early <= 36


def test_a_chunk_that_would_be_too_small_is_not_made() -> None:
    # Given one long turn of 9 units and one of 2, both of the same text volume per unit
    given = cuts(1, 9) + cuts(1, 2, first=1)

    # When two chunks of at least five are asked for / Then the turns are not torn: one chunk takes all
    assert [rows(chunk) for chunk in cut(given, max_chunks=2, min_rows=5)] == [11]
