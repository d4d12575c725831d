"""Backups: database and keyring in two files for two holders, and the way back from them.

Neither file alone opens anything. A backup is whole or not there; what was erased since it was made is
erased again before anything is served from it.
"""
