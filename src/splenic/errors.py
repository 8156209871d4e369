"""What goes wrong, in one sentence that names the file or case, the fault and the remedy."""

from __future__ import annotations


class SplenicError(Exception):
    """A fault that a user can act on.

    Parameters
    ----------
    code : str
        Kebab-case name of the finding, e.g. ``missing-slice``.
    sentence : str
        What is wrong and with which file or case; no personal data.
    remedy : str
        What to do about it; may be empty where nothing helps.
    """

    def __init__(self, code: str, sentence: str, remedy: str = "") -> None:
        self.code = code
        self.sentence = sentence
        self.remedy = remedy
        super().__init__(f"{sentence}; {remedy}" if remedy else sentence)

    def __reduce__(self) -> tuple[type[SplenicError], tuple[str, str, str]]:
        # The default would rebuild the error from its one message and lose the code between processes.
        return (type(self), (self.code, self.sentence, self.remedy))


class InputError(SplenicError):
    """The input cannot be trusted or read: the case ends as ``refused``."""


class EngineError(SplenicError):
    """An engine or model could not do its work: the case ends as ``failed``."""


class UsageError(SplenicError):
    """The command or call was wrong: exit code 2."""
