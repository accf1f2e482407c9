"""The page in a browser, the JSON API and the tools for language-model agents.

Starlette serves, and asks a pool of processes; all mathematics is done there, and a process may be killed without hurt
to the others.  A question is its link: there is no account, no session, no database.
"""
