"""Mailboxes: latest wins, in order, at a bearable pace, and nobody waits for ever."""

import threading

from vos_annotator.engine.mailbox import Mailbox


def drain(mailbox):
    items = []
    while (item := mailbox.take(timeout=0)) is not None:
        items.append(item)
    return items


def in_thread(work, *args):
    """Run `work` in a thread; return a function that waits for its result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(work(*args)), daemon=True)
    thread.start()

    def result():
        thread.join(timeout=10)
        assert not thread.is_alive(), "it still waits"
        return results[0]

    return result


def test_items_come_in_the_order_in_which_they_were_left():
    mailbox = Mailbox()
    for item in "abc":
        mailbox.put(item)

    assert drain(mailbox) == ["a", "b", "c"]


def test_the_latest_of_a_key_takes_the_place_of_the_waiting_one_and_waits_at_the_end():
    mailbox = Mailbox()
    mailbox.put("old", key=1)
    mailbox.put("other", key=2)
    mailbox.put("new", key=1)

    assert drain(mailbox) == ["other", "new"]


def test_items_without_a_key_never_replace_each_other():
    mailbox = Mailbox()
    mailbox.put("a")
    mailbox.put("a")

    assert len(mailbox) == 2


def test_it_tells_once_each_time_it_stops_being_empty():
    told = []
    mailbox = Mailbox(on_filled=lambda: told.append(len(mailbox)))
    mailbox.put("a")
    mailbox.put("b")
    drain(mailbox)
    mailbox.put("c")

    assert told == [1, 1]


def test_taking_from_an_empty_mailbox_waits_for_the_next_item():
    mailbox = Mailbox()
    result = in_thread(mailbox.take)
    mailbox.put("a")

    assert result() == "a"


def test_taking_gives_up_after_its_timeout():
    assert Mailbox().take(timeout=0.01) is None


def test_a_full_mailbox_makes_the_sender_wait_until_there_is_room():
    mailbox = Mailbox(capacity=2)
    mailbox.put("a")
    mailbox.put("b")
    result = in_thread(mailbox.put, "c")

    assert mailbox.take() == "a"
    assert result() is True
    assert drain(mailbox) == ["b", "c"]


def test_a_full_mailbox_takes_a_newer_item_of_a_waiting_key_at_once():
    mailbox = Mailbox(capacity=1)
    mailbox.put("old", key=1)

    assert in_thread(mailbox.put, "new", 1)()
    assert drain(mailbox) == ["new"]


def test_a_waiting_sender_goes_when_what_it_has_is_out_of_date():
    mailbox, is_over = Mailbox(capacity=1), threading.Event()
    mailbox.put("a")
    result = in_thread(lambda: mailbox.put("b", unless=is_over.is_set))
    is_over.set()

    assert result() is False
    assert drain(mailbox) == ["a"]


def test_closing_lets_a_waiting_taker_go():
    mailbox = Mailbox()
    result = in_thread(mailbox.take)
    mailbox.close()

    assert result() is None


def test_closing_lets_a_waiting_sender_go_and_drops_what_waits():
    mailbox = Mailbox(capacity=1)
    mailbox.put("first")
    result = in_thread(mailbox.put, "second")
    mailbox.close()

    assert result() is False
    assert not mailbox.put("late")
    assert mailbox.take(timeout=0) is None


def test_an_item_can_be_picked_out_of_turn():
    mailbox = Mailbox()
    for item in (1, 20, 3, 40):
        mailbox.put(item)

    assert mailbox.holds(lambda item: item > 9)
    assert mailbox.take_if(lambda item: item > 9) == 20
    assert mailbox.take_if(lambda item: item > 99) is None
    assert drain(mailbox) == [1, 3, 40]


def test_nothing_is_lost_or_doubled_between_many_threads():
    mailbox, taken = Mailbox(capacity=3), []

    def send(first):
        return all([mailbox.put(n) for n in range(first, first + 200)])

    senders = [in_thread(send, first) for first in (0, 1000, 2000)]
    for _ in range(600):
        taken.append(mailbox.take(timeout=10))

    assert all(sender() for sender in senders)
    assert sorted(taken) == [first + n for first in (0, 1000, 2000) for n in range(200)]
    for first in (0, 1000, 2000):
        own = [item for item in taken if first <= item < first + 200]
        assert own == sorted(own)
