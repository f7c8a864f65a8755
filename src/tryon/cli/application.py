"""The `tryon` application that every module of commands adds to."""

import typer

app = typer.Typer(
    name="tryon",
    help="Virtual try-on of T-shirts: a photo and a garment in, the same photo wearing it out.",
    epilog="Exit codes: 0 done, 1 expected failure (one message with a remedy), 2 wrong usage.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
