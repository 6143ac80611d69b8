# SPDX-License-Identifier: Apache-2.0
"""A real object store for tests: Debian's Swift, whose S3 interface verifies each signature.

    object-store.py DIRECTORY ACCESS_KEY SECRET_KEY

The four servers that Swift consists of run in this one process, on ports of loopback that the system has
chosen, and keep their files below DIRECTORY. ACCOUNT:stranger, with the same secret, may do nothing. Prints the port of the S3 interface, and ends when its
standard input does: whoever has started it cannot leave it behind.
"""
import eventlet

eventlet.monkey_patch()

import getpass
import os
import sys

from eventlet import wsgi
from swift.common import utils
from swift.common.ring import RingBuilder
from swift.common.wsgi import SwiftHttpProtocol, loadapp

STORES = ("account", "container", "object")
DEFAULTS = """[DEFAULT]
swift_dir = {base}
devices = {base}/devices
mount_check = false
disable_fallocate = true
log_level = ERROR
user = {user}
"""
STORE = """[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""
# Nothing listens on that port: without memcached, Swift remembers nothing between two requests.
PROXY = """[pipeline:main]
pipeline = catch_errors cache listing_formats bulk s3api tempauth slo dlo versioned_writes proxy-server
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_{account}_{user} = {secret} .admin
user_{account}_stranger = {secret}
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
"""
HASHES = """[swift-hash]
swift_hash_path_suffix = test
[storage-policy:0]
name = one
default = yes
"""


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def make_ring(base, name, port):
    """One copy of everything, on the one device there is."""
    builder = RingBuilder(2, 1, 0)
    builder.add_dev({
        "id": 0, "region": 1, "zone": 1, "device": "one", "weight": 1.0, "meta": "",
        "ip": "127.0.0.1", "port": port, "replication_ip": "127.0.0.1", "replication_port": port,
    })
    builder.rebalance()
    builder.get_ring().save(f"{base}/{name}.ring.gz")


def main(base, access_key, secret):
    account, user = access_key.split(":")
    defaults = DEFAULTS.format(base=base, user=getpass.getuser())
    sockets = {name: eventlet.listen(("127.0.0.1", 0)) for name in (*STORES, "proxy")}

    os.makedirs(f"{base}/devices/one")
    write(f"{base}/swift.conf", HASHES)
    utils.SWIFT_CONF_FILE = f"{base}/swift.conf"
    utils.validate_hash_conf()
    for name in STORES:
        make_ring(base, name, sockets[name].getsockname()[1])
        write(f"{base}/{name}.conf", defaults + STORE.format(name=name))
    write(f"{base}/proxy.conf",
          defaults + PROXY.format(account=account, user=user, secret=secret))

    for name, socket in sockets.items():
        app = loadapp(f"{base}/{name}.conf")
        eventlet.spawn(wsgi.server, socket, app, protocol=SwiftHttpProtocol, log_output=False)

    print(sockets["proxy"].getsockname()[1], flush=True)
    eventlet.hubs.trampoline(0, read=True)


main(*sys.argv[1:])
