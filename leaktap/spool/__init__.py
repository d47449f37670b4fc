"""What waits to be sent: a durable queue per receiver (`store`), and the thread that empties it (`sender`).

A record is in the queue before it is shown anywhere, and leaves it when its receiver has acknowledged it. So whatever
happens to leaktap, to the disk or to the receiver in between, it arrives at least once, and in order.
"""

from leaktap.spool._api import Receiver, Row, SendError
from leaktap.spool.sender import Sender
from leaktap.spool.store import LIMIT, Store, StoreError, folder, stores

__all__ = ["LIMIT", "Receiver", "Row", "SendError", "Sender", "Store", "StoreError", "folder", "stores"]
