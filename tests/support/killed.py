"""The end of a worker in the middle of its work."""


class WorkerKilled(BaseException):
    """The worker's process ends here. Not an Exception, so that nothing handles it."""
