"""Arguments of the next kernel: a snippet that GRUB's configuration reads."""
from hostlib.changes import AddArguments, PutLines
from hostlib.machine import kernel_arguments

SNIPPET = "/etc/default/grub.d/tickcap.cfg"
HEAD = ("# Written by tickcap's scripts/host; --undo takes it back. After a change: update-grub, "
        "reboot.")
VARIABLE = "GRUB_CMDLINE_LINUX_DEFAULT"


def has_grub(machine):
    return machine.exists("etc/default/grub") or machine.exists("etc/default/grub.d")


def snippet_arguments(machine):
    """The words that the snippet adds already."""
    for line in (machine.read(SNIPPET) or "").splitlines():
        if line.startswith(f"{VARIABLE}="):
            return line.split('"')[1].split()[1:]
    return []


def missing_arguments(machine, words):
    """Those that neither the running kernel has nor the next one will have."""
    return [word for word in words if word not in kernel_arguments(machine) and
            word not in snippet_arguments(machine)]


def is_pending(machine, words):
    """Whether all words are set for the next kernel, and the running one lacks some."""
    return not missing_arguments(machine, words) and \
        any(word not in kernel_arguments(machine) for word in words)


def changes_for(machine, words):
    """What --apply can do about them: nothing where they are set, or where there is no GRUB."""
    return [AddArguments(words)] if has_grub(machine) and missing_arguments(machine, words) else []


def add_arguments(machine, journal, words):
    new = missing_arguments(machine, words)
    if not new:
        return []
    keys = {word.partition("=")[0] for word in new}
    kept = [word for word in snippet_arguments(machine) if word.partition("=")[0] not in keys]
    text = " ".join([f"${VARIABLE}"] + kept + new)
    return journal.put_lines(PutLines(SNIPPET, {VARIABLE: f'{VARIABLE}="{text}"'}, HEAD))


def fix_text(machine, words):
    """What a person has to do so that the next kernel has the words."""
    if is_pending(machine, words):
        return f"they stand in {SNIPPET}; run: update-grub && reboot"
    if not has_grub(machine):
        return "add to the kernel's arguments in the boot loader: " + " ".join(words)
    new = missing_arguments(machine, words)
    return (f"in {SNIPPET}: {VARIABLE}=\"${VARIABLE} {' '.join(new)}\"\n"
            "then: update-grub && reboot")
