"""What may be wrong with the database; each says what to do about it."""


class DatabaseError(Exception):
    """The database cannot do what was asked of it."""


class DatabaseLocked(DatabaseError):
    """Another program holds the database."""


class DatabaseUnreachable(DatabaseError):
    """The server does not answer, or lets nobody in."""


class DatabaseCorrupt(DatabaseError):
    """The file is damaged, or is no database."""


class DatabaseTooNew(DatabaseError):
    """A newer Gatehouse made this database."""


class DatabaseClosed(DatabaseError):
    """The site was taken down while somebody still asked."""
