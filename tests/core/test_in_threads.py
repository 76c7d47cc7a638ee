"""`in_threads` keeps order and bounds, and stops where the work fails."""

import threading

import pytest

from vos_annotator.core.in_threads import in_threads


def test_results_come_in_the_order_of_the_items_whichever_is_done_first():
    second_is_done = threading.Event()

    def work(number):
        if number == 0:
            assert second_is_done.wait(5)
        second_is_done.set()
        return number * number

    assert list(in_threads(work, ((n,) for n in range(9)), threads=2)) == [n * n for n in range(9)]


def test_items_are_taken_only_as_far_ahead_as_there_are_threads():
    taken = []

    def items():
        for number in range(100):
            taken.append(number)
            yield (number,)

    results = in_threads(lambda number: number, items(), threads=3)
    assert next(results) == 0
    assert len(taken) == 4
    results.close()
    assert len(taken) == 4


def test_what_a_thread_raises_is_raised_in_turn_and_nothing_more_is_taken():
    taken = []

    def items():
        for number in range(100):
            taken.append(number)
            yield (number,)

    def work(number):
        if number == 5:
            raise ValueError("five")
        return number

    results = []
    with pytest.raises(ValueError, match="five"):
        for result in in_threads(work, items(), threads=2):
            results.append(result)
    assert results == [0, 1, 2, 3, 4]
    assert len(taken) <= 8
