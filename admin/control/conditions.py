"""What control says of lists and of what it has published, put together from the parts that know it."""

from __future__ import annotations

from dataclasses import dataclass

from admin.api.appliance import Condition
from admin.config import Config
from admin.control.adoption import Adoption
from admin.control.clocks import Clocks
from admin.control.fetching import Fetching
from admin.control.lists import ListKeeper
from admin.control.publishing import Publisher
from admin.control.record import Record
from admin.control.selftest import SelfTest
from admin.control.storage import Storage
from admin.control.trials import Trials


@dataclass(frozen=True, slots=True)
class Conditions:
    """Nothing in it leads to the controller, so that that ends, and gives its files up, with its last user."""

    keeper: ListKeeper
    fetching: Fetching
    adoption: Adoption
    publisher: Publisher
    trials: Trials
    record: Record

    def config(self) -> Config:
        """The configuration in force."""
        return self.adoption.in_force.config

    def selftest(self, clocks: Clocks, storage: Storage) -> SelfTest:
        """The self-test of all this."""
        return SelfTest(
            clocks,
            self.keeper.store,
            config=self.config,
            condition=self.condition,
            database=lambda: storage.database,
        )

    def condition(self) -> Condition:
        """The condition of the appliance but for what others tell of themselves."""
        conditions = self.keeper.conditions(self.fetching.running, self.publisher.compiled)
        return self.record.condition(self.trials.told(conditions, self.config()))
