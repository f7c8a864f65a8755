"""The review page: a person keeps or rejects pictures in a local browser, and no decision is ever lost.

`pictures` says what is reviewed, `ordering` in which order; `store` holds the decisions on top of `journal` (durable at
once) and `merging` (edits from outside); `previews` and `overlays` make what is shown; `service` answers the page in
`page/`, `guarding` keeps everybody else out, `running` is the program round it.
"""
