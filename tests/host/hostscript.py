"""scripts/host against many machines, each a tree of files, and against this one where that does no
harm: every wrong set-up is found and told, --apply mends it, --undo leaves the tree as it was."""
import json
import os
import pathlib
import sys

import tap
from machinetree import (CAPTURE, THP, arguments, put_interrupt, put_node, put_process, same,
                         script, server)
from program import SOURCE

sys.path.insert(0, str(SOURCE / "scripts"))
from hostlib import cpuchecks, machine  # noqa: E402


def look(tree, *words, cpus=CAPTURE):
    """({name: check}, exit code)"""
    ended = script("host", "--root", tree.root, "--json", *(["--cpus", cpus] if cpus else []),
                   *words)
    assert ended.code in (0, 1) and not ended.err, ended
    report = json.loads(ended.text)
    assert report["schema"] == 1
    for check in report["checks"]:
        assert set(check) == {"name", "state", "when", "found", "why", "fix", "can_apply"}, check
        told = check["state"] in ("warn", "bad", "unknown")
        assert bool(check["fix"]) == told and (not told or check["why"]), check
        assert check["found"] and not check["found"].endswith("."), check
    bad = any(check["state"] == "bad" for check in report["checks"])
    assert ended.code == (0 if "--undo" in words else bad), (ended.code, report["checks"])
    return {check["name"]: check for check in report["checks"]}, report["done"]


def cpufreq(tree, governor, cpus=(2, 3)):
    for cpu in cpus:
        tree.put(f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor", governor)


def idle(tree, *_):
    for cpu in (2, 3):
        tree.put(f"sys/devices/system/cpu/cpu{cpu}/cpuidle/state2/disable", "0")


def no_clock(tree, *_):
    tree.remove("proc/700")


def nic(tree, vendor):
    tree.put("sys/bus/pci/devices/0000:5e:00.0/class", "0x020000")
    tree.put("sys/bus/pci/devices/0000:5e:00.0/vendor", vendor)


def no_iommu(tree, vendor="0x8086"):
    for group in (0, 1, 12):
        tree.remove(f"sys/kernel/iommu_groups/{group}")
    nic(tree, vendor)
    arguments(tree, "intel_iommu", "iommu=")


def on_amd(tree):
    no_iommu(tree)
    tree.put("proc/cpuinfo", "vendor_id\t: AuthenticAMD")


def not_isolated(tree):
    tree.put("sys/devices/system/cpu/isolated", "")
    arguments(tree, "isolcpus")


def nohz_missing(tree):
    tree.put("sys/devices/system/cpu/nohz_full", " (null)")
    arguments(tree, "nohz_full", "rcu_nocbs")


def one_node(tree):
    tree.remove("sys/devices/system/node/node1")
    arguments(tree, "hugepages")


def locked(tree):
    tree.put("proc/self/limits", "Max locked memory         8388608   8388608   bytes")


def chrony(tree, offset, leap="Normal"):
    tree.put("answers/chronyc -c tracking", "A9FEA97B,10.0.0.1,2,1790000000.1,"
             f"{offset},0,0,1,0,0,0,0,64,{leap}")


def ptp(tree, offset=None, present="true", system=True):
    tree.remove("proc/700")
    put_process(tree, 701, "ptp4l")
    if system:
        put_process(tree, 702, "phc2sys")
    if offset is not None:
        tree.put("answers/pmc -u -b 0 GET TIME_STATUS_NP",
                 f"sending: GET TIME_STATUS_NP\n\tmaster_offset  {offset}\n\tgmPresent  {present}")


def ptp_under_chrony(tree, offset):
    """chronyd follows the NIC's clock, which ptp4l sets; or timemaster has phc2sys tell it."""
    put_process(tree, 701, "ptp4l")
    chrony(tree, offset)


def timesyncd(tree, is_set):
    tree.remove("proc/700")
    put_process(tree, 701, "systemd-timesyn")
    if is_set:
        tree.put("run/systemd/timesync/synchronized")


HUGE = "sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages"
IRQ = "interrupt 24 on CPU 2-3"
SIBLINGS = "sys/devices/system/cpu/cpu2/topology/thread_siblings_list"

# what is spoilt, the check that must say so, how bad it is, words of what was found and of the fix
WRONG = [
    (lambda t: t.put(HUGE, "0"), "hugepages-node0", "bad", "0 pages of 2 MiB, ",
     "echo 512 > /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages"),
    (lambda t: t.put(HUGE, "100"), "hugepages-node0", "warn", "100 pages of 2 MiB, ", "echo 512"),
    (lambda t: arguments(t, "hugepages"), "hugepages-boot", "warn", "not reserved",
     "vm.nr_hugepages = 512"),
    (lambda t: t.put("proc/mounts", "proc /proc proc rw 0 0"), "hugetlbfs", "warn", "not mounted",
     "mount -t hugetlbfs"),
    (no_iommu, "iommu", "bad", "off", "intel_iommu=on iommu=pt"),
    (on_amd, "iommu", "bad", "off", "iommu=pt"),
    (lambda t: arguments(t, "iommu="), "iommu-passthrough", "warn", "translated", "iommu=pt"),
    (not_isolated, "isolated-cpus", "bad", "isolcpus lacks CPU 2-3",
     "isolcpus=managed_irq,domain,2-3"),
    (nohz_missing, "isolated-cpus", "warn", "nohz_full lacks CPU 2-3", "nohz_full=2-3"),
    (lambda t: t.put(SIBLINGS, "2,6"), "smt-siblings", "warn", "threads of one core: 2,6",
     "echo 0 > /sys/devices/system/cpu/cpu6/online"),
    (lambda t: cpufreq(t, "powersave"), "governor", "bad", "powersave on CPU 2-3",
     "echo performance"),
    (idle, "c-states", "warn", "C6 takes 133 µs", "echo 1"),
    (lambda t: put_interrupt(t, 24, "0-7"), "irq-affinity", "warn", IRQ, "echo 0-1,4-7 >"),
    (lambda t: t.put("proc/irq/default_smp_affinity", "ff"), "irq-affinity", "warn",
     "new interrupts may go", "echo f3 > /proc/irq/default_smp_affinity"),
    (lambda t: put_process(t, 800, "irqbalance"), "irq-affinity", "warn", "irqbalance runs",
     "IRQBALANCE_BANNED_CPULIST=2-3"),
    (lambda t: t.put(THP, "[always] madvise never"), "thp", "warn", "is always", "echo madvise"),
    (locked, "memlock", "warn", "at most 8 MiB", "memlock unlimited"),
    (lambda t: t.put("proc/sys/kernel/sched_rt_runtime_us", "950000"), "rt-throttling", "warn",
     "is 950000", "sysctl -w kernel.sched_rt_runtime_us=-1"),
    (lambda t: t.put("proc/sys/kernel/numa_balancing", "1"), "numa-balancing", "warn", "is 1",
     "sysctl -w kernel.numa_balancing=0"),
    (lambda t: t.remove("etc/sysctl.d/local.conf"), "sysctl-boot", "warn",
     "kernel.sched_rt_runtime_us = -1, kernel.numa_balancing = 0", "/etc/sysctl.d/90-tickcap.conf"),
    (lambda t: arguments(t, "cpufreq", "intel_idle"), "kernel-arguments", "warn",
     "cpufreq.default_governor=performance intel_idle.max_cstate=1", "update-grub"),
    (no_clock, "clock", "bad", "nobody sets it", "chrony"),
    (lambda t: chrony(t, "-0.002"), "clock", "warn", "-2000.0 µs off", "makestep"),
    (lambda t: chrony(t, "0", "Not synchronised"), "clock", "bad", "follows no server", "sources"),
    (lambda t: t.remove("answers"), "clock", "unknown", "does not say", "chronyc tracking"),
    (lambda t: ptp(t, -52, system=False), "clock", "bad", "nobody the system's", "phc2sys"),
    (lambda t: ptp(t, 1, "false"), "clock", "bad", "no grandmaster", "pmc"),
    (lambda t: ptp(t, 2500000), "clock", "warn", "+2500.0 µs off", "pmc"),
    (lambda t: ptp(t), "clock", "unknown", "does not say", "pmc"),
    (lambda t: timesyncd(t, True), "clock", "warn", "milliseconds", "chrony"),
    (lambda t: timesyncd(t, False), "clock", "bad", "has not set", "timedatectl"),
    (lambda t: ptp_under_chrony(t, "-0.002"), "clock", "warn", "chronyd follows", "makestep"),
    (lambda t: put_process(t, 702, "systemd-timesyn"), "clock", "warn", "against each other",
     "stop all but one"),
]
# nothing that a program should decide: what --apply leaves to a person
LEFT = {"smt-siblings", "clock"}


def test_a_good_server_is_good():
    with server() as tree:
        checks, _ = look(tree)
        assert {check["state"] for check in checks.values()} == {"ok"}, checks
        assert len(checks) == 17, sorted(checks)
        ended = script("host", "--root", tree.root, "--cpus", CAPTURE).expect(0)
        assert "17 ok" in ended.text and "--apply" not in ended.text, ended


def test_each_wrong_set_up_is_found():
    for spoil, name, state, found, fix in WRONG:
        with server() as tree:
            spoil(tree)
            checks, _ = look(tree)
            check = checks[name]
            assert check["state"] == state and found in check["found"] and fix in check["fix"], \
                check
            others = {other["state"] for other in checks.values()
                      if other["name"] not in (name, "iommu-passthrough", "isolated-cpus")}
            assert others <= {"ok", "not-applicable"}, checks
            ended = script("host", "--root", tree.root, "--cpus", CAPTURE)
            assert f"{state:14}  {name}" in ended.text, ended
            assert f"fix: {check['fix'].splitlines()[0]}\n" in ended.text, ended


def test_apply_mends_and_undo_takes_back():
    for spoil, name, state, _, _ in WRONG:
        with server() as tree:
            spoil(tree)
            before = tree.snapshot()
            was, _ = look(tree)
            now, done = look(tree, "--apply")
            changed = tree.snapshot()
            if was[name]["can_apply"]:
                assert changed != before and done != ["nothing to set"], (name, done)
                mended = now[name]["state"] == "ok" or now[name]["when"] == "boot" or \
                    name == "hugetlbfs"
                assert mended and not now[name]["can_apply"] or name == "hugetlbfs", now[name]
                assert "var/lib/tickcap/host.json" in changed, name
            else:
                assert done == ["nothing to set"] and changed == before, (name, done)
                assert name in LEFT or "irqbalance" in now[name]["found"], now[name]
            again, done = look(tree, "--apply")
            if name != "hugetlbfs":  # no program mounts in a tree
                assert done == ["nothing to set"], (name, done)
                assert tree.snapshot() == changed and again == now, name
            look(tree, "--undo")
            same(before, tree.snapshot())
            _, done = look(tree, "--undo")
            assert done == ["nothing to take back"], done


def spoil_everything(tree):
    for spoil in (lambda t: t.put(HUGE, "0"), no_iommu, not_isolated, nohz_missing, idle, locked,
                  lambda t: cpufreq(t, "schedutil"), lambda t: put_interrupt(t, 25, "3"),
                  lambda t: t.put("proc/sys/kernel/sched_rt_runtime_us", "950000"),
                  lambda t: t.put(THP, "[always] madvise never"),
                  lambda t: t.remove("etc/sysctl.d/local.conf")):
        spoil(tree)
    tree.put("proc/cmdline", "BOOT_IMAGE=/vmlinuz quiet")


def test_everything_at_once():
    with server() as tree:
        spoil_everything(tree)
        before = tree.snapshot()
        look(tree, "--apply")
        snippet = tree.read("etc/default/grub.d/tickcap.cfg")
        assert "vm.nr_hugepages = 512" in tree.read("etc/sysctl.d/90-tickcap.conf")
        for word in ("intel_iommu=on", "iommu=pt", "nohz_full=2-3", "rcu_nocbs=2-3",
                     "isolcpus=managed_irq,domain,2-3", "transparent_hugepage=madvise",
                     "irqaffinity=0-1,4-7", "cpufreq.default_governor=performance"):
            assert word in snippet, (word, snippet)
        assert snippet.count("GRUB_CMDLINE_LINUX_DEFAULT=") == 1, snippet
        assert tree.read(HUGE) == "512"
        assert tree.read("proc/irq/25/smp_affinity_list") == "0-1,4-7"
        look(tree, "--undo")
        same(before, tree.snapshot())


def test_the_grub_snippet_is_a_shell_script_that_adds():
    with server() as tree:
        not_isolated(tree)
        look(tree, "--apply")
        path = tree.root / "etc/default/grub.d/tickcap.cfg"
        ended = machine.subprocess.run(
            ["sh", "-c", f'. {tree.root}/etc/default/grub; . {path}; '
             'echo "$GRUB_CMDLINE_LINUX_DEFAULT"'], capture_output=True, text=True)
        assert ended.stdout.split() == ["quiet", "isolcpus=managed_irq,domain,2-3"], ended


def test_what_is_pending_is_not_set_twice():
    with server() as tree:
        not_isolated(tree)
        look(tree, "--apply")
        checks, _ = look(tree)
        assert checks["isolated-cpus"]["state"] == "bad"
        assert "update-grub && reboot" in checks["isolated-cpus"]["fix"]
        # other CPUs later on: the new list stands in the place of the old one
        look(tree, "--apply", cpus="4-5")
        snippet = tree.read("etc/default/grub.d/tickcap.cfg")
        assert snippet.count("isolcpus=") == 1 and "domain,4-5" in snippet, snippet


def test_without_grub_it_is_said():
    with server() as tree:
        tree.remove("etc/default/grub")
        not_isolated(tree)
        before = tree.snapshot()
        checks, done = look(tree, "--apply")
        assert done == ["nothing to set"] and tree.snapshot() == before
        assert "in the boot loader: isolcpus=" in checks["isolated-cpus"]["fix"]


def test_one_node_is_reserved_by_sysctl_and_more_by_the_kernel():
    with server() as tree:
        one_node(tree)
        look(tree, "--apply")
        assert "vm.nr_hugepages = 512" in tree.read("etc/sysctl.d/90-tickcap.conf")
    with server() as tree:
        arguments(tree, "hugepages")
        look(tree, "--apply", cpus="")
        assert "hugepagesz=2M hugepages=0:512,1:512" in tree.read("etc/default/grub.d/tickcap.cfg")


def test_only_nodes_of_the_capture_need_pages():
    with server() as tree:
        put_node(tree, 1, "4-7", pages=0)
        checks, _ = look(tree)
        assert "hugepages-node1" not in checks
        checks, _ = look(tree, cpus="4-5")
        assert checks["hugepages-node1"]["state"] == "bad" and "hugepages-node0" not in checks


def test_clocks_that_work_together():
    for others in (["ptp4l"], ["ptp4l", "phc2sys", "timemaster"]):
        with server() as tree:
            for number, name in enumerate(others, 701):
                put_process(tree, number, name)
            checks, _ = look(tree)
            assert checks["clock"]["state"] == "ok", (others, checks["clock"])


def test_pages_of_other_sizes_count():
    with server() as tree:
        tree.put(HUGE, "0")
        tree.put(HUGE.replace("2048kB", "1048576kB"), "4")
        checks, _ = look(tree)
        assert checks["hugepages-node0"]["state"] == "ok", checks["hugepages-node0"]
        assert "4096 MiB in pages of other sizes" in checks["hugepages-node0"]["found"]


def test_nics_that_stay_with_the_kernel_need_no_iommu():
    with server() as tree:
        no_iommu(tree, "0x15b3")
        checks, _ = look(tree)
        assert checks["iommu"]["state"] == "not-applicable", checks["iommu"]


def test_without_the_capture_s_cpus():
    with server() as tree:
        checks, _ = look(tree, cpus="")
        for name in ("isolated-cpus", "smt-siblings", "irq-affinity"):
            assert checks[name]["state"] == "not-applicable" and "--cpus" in checks[name]["found"]


def test_undo_leaves_alone_what_was_changed_since():
    with server() as tree:
        cpufreq(tree, "powersave")
        tree.remove("etc/sysctl.d/local.conf")
        look(tree, "--apply")
        cpufreq(tree, "schedutil", [3])
        tree.put("etc/sysctl.d/90-tickcap.conf", "kernel.numa_balancing = 1")
        _, done = look(tree, "--undo")
        assert tree.read("sys/devices/system/cpu/cpu2/cpufreq/scaling_governor") == "powersave"
        assert tree.read("sys/devices/system/cpu/cpu3/cpufreq/scaling_governor") == "schedutil"
        assert tree.read("etc/sysctl.d/90-tickcap.conf") == "kernel.numa_balancing = 1"
        assert sum("left alone" in sentence for sentence in done) == 2, done
        assert not (tree.root / "var/lib/tickcap").exists()


def test_the_first_state_is_what_undo_goes_back_to():
    with server() as tree:
        tree.put(HUGE, "7")
        before = tree.snapshot()
        look(tree, "--apply", "--hugepages", "512")
        assert tree.read(HUGE) == "256"
        look(tree, "--apply", "--hugepages", "2048")
        assert tree.read(HUGE) == "1024"
        look(tree, "--undo")
        same(before, tree.snapshot())


def test_files_that_were_there_are_kept():
    with server() as tree:
        tree.put("etc/sysctl.d/90-tickcap.conf", "# mine\nvm.swappiness = 1\n"
                                                 "kernel.numa_balancing = 1")
        tree.remove("etc/sysctl.d/local.conf")
        before = tree.snapshot()
        look(tree, "--apply")
        assert tree.read("etc/sysctl.d/90-tickcap.conf").splitlines() == [
            "# mine", "vm.swappiness = 1", "kernel.sched_rt_runtime_us = -1",
            "kernel.numa_balancing = 0"]
        look(tree, "--undo")
        same(before, tree.snapshot())


def test_a_damaged_journal_is_refused():
    with server() as tree:
        tree.put("var/lib/tickcap/host.json", "{ half")
        before = tree.snapshot()
        for word in ("--apply", "--undo"):
            ended = script("host", "--root", tree.root, word).expect(2)
            assert "host.json is no JSON" in ended.err, ended
        same(before, tree.snapshot())
        for text in ("{}", "[1]", '[{"kind": "value"}]'):
            tree.put("var/lib/tickcap/host.json", text)
            ended = script("host", "--root", tree.root, "--undo").expect(2)
            assert "host.json is not a list of what was done" in ended.err, ended


def test_only_one_check():
    with server() as tree:
        spoil_everything(tree)
        checks, _ = look(tree, "--only", "thp")
        assert list(checks) == ["thp"]
        before = tree.snapshot()
        _, done = look(tree, "--apply", "--only", "thp", "--only", "hugepages-node*")
        changed = {name for name, text in tree.snapshot().items() if before.get(name) != text}
        assert changed - {"var/lib/tickcap"} == {THP, HUGE, "var/lib/tickcap/host.json"}, changed
        assert len(done) == 2, done


def test_undo_keeps_what_it_could_not_take_back():
    with server() as tree:
        tree.link("sys/kernel/refuses", "/proc/version")  # readable, and takes nothing
        now = pathlib.Path("/proc/version").read_text().rstrip("\n")
        entries = [{"kind": "value", "path": f"/sys/kernel/{name}", "before": "0", "after": after}
                   for name, after in (("refuses", now), ("gone", "1"), ("takes", "1"))]
        tree.put("sys/kernel/takes", "1")
        tree.put("var/lib/tickcap/host.json", json.dumps(entries))
        said = script("host", "--root", tree.root, "--undo").expect(1).text
        assert "/sys/kernel/takes: 1 -> 0\n/sys/kernel/gone: it is gone\n" in said, said
        assert "/sys/kernel/refuses" in said.splitlines()[2], said
        assert json.loads(tree.read("var/lib/tickcap/host.json")) == entries[:1]


def test_undo_is_of_everything():
    with server() as tree:
        tree.put(THP, "[always] madvise never")
        look(tree, "--apply")
        before = tree.snapshot()
        ended = script("host", "--root", tree.root, "--undo", "--only", "thp").expect(2)
        assert "--undo takes back everything" in ended.err, ended
        same(before, tree.snapshot())


def test_a_journal_that_others_can_write_is_not_followed():
    """What stands there is done as root: /var/lib/tickcap may be somebody's home."""
    if os.getuid() != 0:
        raise tap.Skip("not root: nothing can be given away")
    for owner, mode, refused in ((0, 0o755, False), (1000, 0o755, True), (0, 0o777, True)):
        with server() as tree:
            path = tree.put("var/lib/tickcap/host.json", "[]").parent
            os.chown(path, owner, -1)
            path.chmod(mode)
            ended = script("host", "--root", tree.root, "--undo").expect(2 if refused else 0)
            assert ("would be done as root" in ended.err) == refused, ended


def test_files_that_say_something_else():
    """As some machines have them, or as they look while they are written."""
    for name, text in (("proc/irq/24/smp_affinity_list", "(null)"),
                       ("proc/irq/default_smp_affinity", "?"),
                       ("sys/devices/system/cpu/cpu2/topology/thread_siblings_list", ""),
                       ("sys/devices/system/cpu/nohz_full", " (null)"),
                       ("sys/devices/system/node/node1/cpulist", "(null)"),
                       ("answers/chronyc -c tracking", "," * 13), ("proc/meminfo", "")):
        with server() as tree:
            tree.put(name, text)
            look(tree)


def test_wrong_use():
    with server() as tree:
        before = tree.snapshot()
        for words, said in ((["--cpus", "99"], "there is no CPU 99"),
                            (["--cpus", "0-7"], "at least one CPU must be left"),
                            (["--cpus", "two"], "--cpus"), (["--hugepages", "0"], "above 0"),
                            (["--only", "colour"], "there are: hugepages-node0"),
                            (["--apply", "--undo"], "not allowed"), (["--colour"], "--colour"),
                            (["capture.yaml"], "capture.yaml")):
            ended = script("host", "--root", tree.root, *words).expect(2)
            assert said in ended.err and not ended.out, ended
            same(before, tree.snapshot())
    assert "--apply" in script("host", "--help").expect(0).text


def test_lists_of_cpus():
    for text, cpus in (("0", {0}), ("0-2,7", {0, 1, 2, 7}), ("", set()), ("3,1", {1, 3})):
        assert machine.parse_cpus(text) == cpus
    for cpus, text in (({0}, "0"), ({0, 1, 2, 7}, "0-2,7"), (set(), ""), ({5, 6}, "5-6")):
        assert machine.cpus_text(cpus) == text
    for cpus in ({0}, {1, 31}, {32}, {0, 33, 64}):
        assert cpuchecks.mask_cpus(cpuchecks.mask_text(cpus)) == cpus
    assert cpuchecks.mask_text({0, 33}) == "00000002,00000001"


def test_lists_of_kernel_arguments():
    with server() as tree:
        for text, cpus in (("2-N", set(range(2, 8))), ("all", set(range(8))), ("N", {7}),
                           ("0-7:1/4,3", {0, 3, 4}), ("nohz,domain,1", {1}), ("6-99", {6, 7})):
            tree.put("proc/cmdline", f"quiet nohz_full={text}")
            assert cpuchecks.argument_cpus(machine.Machine(tree.root), "nohz_full") == cpus, text


def test_this_machine_is_looked_at():
    ended = script("host", "--json")
    assert ended.code in (0, 1) and not ended.err, ended
    checks = {check["name"]: check for check in json.loads(ended.text)["checks"]}
    assert len(checks) > 10 and all(check["found"] for check in checks.values()), checks


def test_hugepages_of_this_machine_come_and_go():
    if os.getuid() != 0:
        raise tap.Skip("not root: nothing can be set")
    if pathlib.Path("/var/lib/tickcap/host.json").exists():
        raise tap.Skip("this host was set up with scripts/host, its journal stays alone")
    found = json.loads(script("host", "--json", "--only", "hugepages-node*").text)["checks"]
    path = pathlib.Path("/sys/devices/system/node") / found[0]["name"].split("-")[1] / \
        "hugepages/hugepages-2048kB/nr_hugepages"
    if not path.exists():
        raise tap.Skip("no hugepages of 2 MiB")
    before = int(path.read_text())
    words = ["--only", found[0]["name"], "--hugepages", 2 * (before + 16)]
    try:
        script("host", "--apply", *words).expect(0)
        assert int(path.read_text()) == before + 16
        assert "nothing to set" in script("host", "--apply", *words).expect(0).text
    finally:
        script("host", "--undo")
    assert int(path.read_text()) == before
    assert not pathlib.Path("/var/lib/tickcap/host.json").exists()


if __name__ == "__main__":
    tap.run(__name__)
