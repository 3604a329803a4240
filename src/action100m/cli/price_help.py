"""What three commands say of their option --price."""

from typing import Final

PRICE_HELP: Final = (
    "[MODEL=]IN,OUT: money for a million tokens read and written by a hosted model; [MODEL=]HOUR: for an hour of the device of one of your own. "
    "Without MODEL: for every model behind a server; for every device."
)
