"""What bash, zsh and fish offer for the command line, with the scripts of completions/."""

import contextlib
import sqlite3

from support import shells
from support.big_farm import SeemingFarm
from support.farm import PLAIN
from support.farm_test import FarmTest

KVM = f"{PLAIN}:kvm"


class Cases:
    """Of each shell, which `start` makes."""

    def shell(self, farm):
        shell = self.start(farm)
        self.addCleanup(shell.end)
        return shell

    def farm_with_journal(self):
        """Two machines, and one that is gone."""
        farm = SeemingFarm({PLAIN: {}, KVM: {}})
        self.addCleanup(farm.end)
        farm.add_machines({"pool": PLAIN}, {"pool": KVM}, {"pool": PLAIN, "state": "gone", "id": "t-17"})
        return farm

    def assertWords(self, shell, line, *words):
        self.assertEqual(shell.complete(f"hydra-provisioner {line}").words, list(words))

    def assertOffers(self, shell, line, *words, never=()):
        shown = shell.complete(f"hydra-provisioner {line}").shown
        self.assertLessEqual(set(words), shown)
        self.assertFalse(shown & set(never), shown)

    def test_verbs_options_and_choices(self):
        shell = self.shell(self.farm())
        self.assertWords(shell, "dra", "drain")
        self.assertOffers(shell, "p", "plan", "pause", "protect", never=["run-job", "complete"])
        self.assertWords(shell, "help und", "help", "undrain")
        self.assertWords(shell, "plan conf.nix --det", "plan", "conf.nix", "--detailed-exitcode")
        self.assertOffers(shell, "override x --m", "--min", "--max")
        self.assertWords(shell, "--log-format js", "--log-format", "json")
        self.assertWords(shell, "--log-format=js", "--log-format=json")
        self.assertWords(shell, "generate-trace po", "generate-trace", "poisson")

    def test_names_of_files_with_blanks_and_other_characters(self):
        farm = self.farm()
        for name in ("my conf.nix", "we$ird'x.nix", "größer.nix"):
            (farm.folder / name).write_text("")
        (farm.folder / "a state").mkdir()
        shell = self.shell(farm)
        self.assertWords(shell, "plan my", "plan", "my conf.nix")
        self.assertWords(shell, "plan we", "plan", "we$ird'x.nix")
        self.assertWords(shell, "grö", "größer.nix")
        self.assertWords(shell, "plan 'my", "plan", "my conf.nix")
        self.assertWords(shell, "simulate x.nix --html=my", "simulate", "x.nix", "--html=my conf.nix")
        folder = shell.complete("hydra-provisioner --state-dir a").words[1]
        self.assertEqual(folder.rstrip("/"), "a state")

    def test_machines_and_types_of_the_journal(self):
        shell = self.shell(self.farm_with_journal())
        self.assertOffers(shell, "drain t-", "t-0", "t-1", never=["t-17"])
        self.assertOffers(shell, "explain ", "t-0", "t-1", PLAIN, KVM, never=["t-17"])
        self.assertWords(shell, f"explain {KVM[:-1]}", "explain", KVM)
        self.assertWords(shell, f"pause {PLAIN}:", "pause", KVM)
        self.assertWords(shell, "logs t-17", "logs", "t-17")
        self.assertWords(shell, "ssh --tag other t", "ssh", "--tag", "other", "t")
        self.assertWords(shell, "drain t-1 t-", "drain", "t-1", "t-0")

    def test_the_state_directory_of_the_line_counts(self):
        farm = self.farm_with_journal()
        elsewhere = farm.folder / "my state"
        farm.state.rename(elsewhere)
        shell = self.shell(farm)
        self.assertWords(shell, "drain t-1", "drain", "t-1")
        self.assertOffers(shell, f"--state-dir {farm.folder}/my\\ state drain t-", "t-0", "t-1")
        self.assertOffers(shell, "--state-dir ~/my\\ state explain x", PLAIN, KVM)
        elsewhere.rename(farm.state)

    def test_no_journal_or_a_broken_one_is_no_reason_to_say_anything(self):
        farm = self.farm_with_journal()
        journal = farm.state / "t.sqlite"
        content, mode = journal.read_bytes(), farm.state.stat().st_mode
        shell = self.shell(farm)

        def offers_nothing():
            typed = shell.complete("hydra-provisioner drain t-")
            self.assertEqual(typed.words, ["drain", "t-"])
            self.assertFalse(typed.shown & {"t-0", "error:", "journal", "Alarm", "alarm", str(journal)}, typed.shown)

        farm.state.chmod(0o777)
        offers_nothing()
        farm.state.chmod(mode)
        journal.write_bytes(content[: len(content) // 2])
        offers_nothing()
        journal.write_bytes(b"this is no journal")
        offers_nothing()
        journal.unlink()
        offers_nothing()
        journal.write_bytes(content)
        with holding_all_of(journal):
            offers_nothing()
        self.assertOffers(shell, "drain t-", "t-0", "t-1")


@contextlib.contextmanager
def holding_all_of(journal):
    """So that not even reading is possible."""
    holder = sqlite3.connect(journal, isolation_level=None)
    holder.execute("pragma locking_mode = exclusive")
    holder.execute("begin exclusive")
    holder.execute("update machines set since = since")
    yield
    holder.execute("rollback")
    holder.close()


class Bash(Cases, FarmTest):
    start = staticmethod(shells.bash)

    def test_types_are_also_completed_where_a_colon_breaks_no_words(self):
        shell = self.shell(self.farm_with_journal())
        shell.type("COMP_WORDBREAKS=${COMP_WORDBREAKS//:}\n")
        self.assertWords(shell, f"explain {KVM[:-1]}", "explain", KVM)
        self.assertWords(shell, f"explain '{KVM[:-1]}", "explain", KVM)


class Zsh(Cases, FarmTest):
    start = staticmethod(shells.zsh)


class Fish(Cases, FarmTest):
    start = staticmethod(shells.Fish)
