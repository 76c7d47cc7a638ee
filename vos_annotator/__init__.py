"""MobileVOS Annotator: interactive annotation of video object masks."""

__version__ = "0.1.0"
