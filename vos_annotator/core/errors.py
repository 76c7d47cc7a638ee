"""The one error meant for the person at the keyboard; every layer may raise it.

Anything else that escapes is a fault of the program and keeps its traceback.
"""


class UserError(Exception):
    """A mistake or a broken file that the user can mend.

    The message is one sentence which names the file and says what to do. The command line
    prints it and exits with 2; the window shows it and goes on.
    """
