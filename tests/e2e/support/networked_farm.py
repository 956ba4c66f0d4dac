"""Hosts that share a journal as those of shared_farm.py do, but reach the database, the queue runner and the cloud over a network
in which they can be cut off from each of them."""

from support.exec_farm import exec_pool
from support.farm import PLAIN
from support.network import HOSTS, Network
from support.postgres import Postgres
from support.services import actions_of, cloud, queue_runner
from support.shared_farm import Host, SharedTest


class NetworkedHost(Host):
    def __init__(self, name, where, place, first=None, **options):
        self.place = place
        super().__init__(name, where, first, **{"statusTimeout": 2} | options)

    def uses(self, status, delivery, clouds, network):
        """Of the services, instead of files."""
        settings = exec_pool(self.home.parent, network=network, bootTimeout=200)  # longer than any cut
        settings["exec"] |= {"command": clouds.command, "timeout": 3}
        more = {"machinesFile": None, "statusCommand": status.command, "updateCommand": delivery.command}
        self.configure(pools={PLAIN: settings}, **more)

    def command(self, *words):
        return self.place.inside() + super().command(*words)

    def retire(self):
        """Its machines are processes of the farm, and end with it."""

    def end(self):
        self.end_children()
        self.remove_whatever_is_left()


class NetworkTest(SharedTest):
    @classmethod
    def setUpClass(cls):
        cls.network = Network()
        cls.addClassCleanup(cls.network.end)
        cls.database_network = cls.network.service()
        cls.postgres = Postgres(address=f"{cls.database_network}.1", rules=f"host all all {HOSTS}.0/24 trust")
        cls.addClassCleanup(cls.postgres.end)
        cls.queue_network = cls.network.service()
        cls.cloud_network = cls.network.service()

    def setUp(self):
        super().setUp()
        self.addCleanup(self.network.mend)

    def host(self, name, where, first=None, **options):
        place = self.network.host()
        self.addCleanup(place.end)
        host = NetworkedHost(name, where.replace(str(self.postgres.folder), self.postgres.address), place, first, **options)
        self.addCleanup(host.end)
        if not first:
            self.begin_services(host)
        host.uses(self.status, self.delivery, self.cloud, self.cloud_network)
        return host

    def begin_services(self, host):
        self.status, self.delivery = queue_runner(f"{self.queue_network}.1", host)
        self.cloud = cloud(f"{self.cloud_network}.254")
        for service in (self.status, self.delivery, self.cloud):
            self.addCleanup(service.end)

    def cut_from_database(self, host):
        self.network.cut(host.place, self.database_network)

    def cut_from_queue_runner(self, host):
        self.network.cut(host.place, self.queue_network)

    def cut_from_cloud(self, host):
        self.network.cut(host.place, self.cloud_network)

    def asked_of_cloud(self, host, *actions):
        """Machines, in the order in which the host asked for that."""
        asked = actions_of(self.cloud.asked_by(host.place.address))
        return [machine for action, machine in asked if action in actions]

    def files_of(self, host):
        """All machines files that it has delivered."""
        return self.delivery.asked_by(host.place.address)
