"""`python -m xkslink`: the verbs from a shell. A thin face: what it prints is what the documents say of themselves."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from typing import Optional, Union

from . import errors, progress
from .client import Account, Client, Run
from .documents import Diagnosis, Document, Plan, Verification, diagnose_text, schema
from .spec import Connectivity

DONE, FAILED, USAGE, NOT_AGREED, WAITING, FOUND, LATER, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130

CODES = """exit codes: 0 done or nothing to do, 1 failed, 2 wrong options, spec or document, 3 not done because nobody said yes,
4 waiting until a TXT record is published, 5 rules do not hold or a cause was found, 6 failed and may succeed later,
130 interrupted"""


def parser() -> argparse.ArgumentParser:
    """The options."""
    top = argparse.ArgumentParser(prog="python -m xkslink", description=__doc__, epilog=CODES)
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    aws = argparse.ArgumentParser(add_help=False)
    for whose, name in (("", ""), ("dns-", " for Route 53"), ("kms-", " for AWS KMS")):
        aws.add_argument(f"--{whose}profile", metavar="NAME", help=f"profile of the AWS configuration files{name}")
        aws.add_argument(f"--{whose}role-arn", metavar="ARN", help=f"role to assume{name}")
        aws.add_argument(f"--{whose}external-id", metavar="ID", help=f"external id of that role{name}")
    aws.add_argument("--endpoint-url", metavar="URL", help="one endpoint for all services")
    aws.add_argument("--region", metavar="REGION", help="Region of a store that is named without a spec")
    aws.add_argument("--json", action="store_true", help="print JSON instead of text")
    consent = argparse.ArgumentParser(add_help=False)
    consent.add_argument("--yes", action="store_true", help="do what the plan says without asking")
    choices = ("replace", "delete", "disconnect", "despite_rules")
    consent.add_argument("--consent", action="append", default=[], choices=choices, help="agree to it; may be repeated")

    spec, target = "a spec: a file that ends in .json, .toml or .yaml", "a spec, or the name of a store"
    plan = verbs.add_parser("plan", parents=[aws], help="what would change", epilog=CODES)
    plan.add_argument("spec", help=spec)
    plan.add_argument("--out", metavar="FILE", help="write the plan to a file, for `apply`")
    apply = verbs.add_parser("apply", parents=[aws, consent], help="make a spec or a plan true", epilog=CODES)
    apply.add_argument("spec", help=f"{spec}, or a plan that `plan --out` wrote")
    teardown = verbs.add_parser("teardown", parents=[aws, consent], help="take a store down", epilog=CODES)
    teardown.add_argument("spec", help=target)
    status = verbs.add_parser("status", parents=[aws], help="how each resource stands", epilog=CODES)
    status.add_argument("spec", help=spec)
    verify = verbs.add_parser("verify", parents=[aws], help="which rules hold", epilog=CODES)
    verify.add_argument("spec", help=f"{target}, of a key store or of an endpoint service")
    diagnose = verbs.add_parser("diagnose", parents=[aws], help="why it does not work", epilog=CODES)
    diagnose.add_argument("spec", nargs="?", help=f"{target}, of a key store or of an endpoint service")
    diagnose.add_argument("--told", default="", metavar="TEXT", help="what was seen; `-` reads it from standard input")
    diagnose.add_argument("--probe", action="store_true", help="probe besides")
    probe = verbs.add_parser("probe", parents=[aws], help="what no AWS API tells, from this host", epilog=CODES)
    probe.add_argument("spec", help=spec)
    schemas = verbs.add_parser("schema", help="the JSON Schema of documents")
    schemas.add_argument("name", nargs="?", default="connectivity", help="`plan`, `report` …; that of specs if not given")
    simulate = verbs.add_parser("simulate", help="serve a simulated AWS until interrupted")
    simulate.add_argument("--port", type=int, default=4600, help="port on loopback; 0 picks a free one")
    simulate.add_argument("--speed", type=float, default=60.0, help="simulated seconds per second")
    simulate.add_argument("--hosted-zone", action="append", default=[], metavar="NAME", help="a zone in Route 53")
    return top


def client(options: argparse.Namespace) -> Client:
    """The client that the options ask for."""

    def account(whose: str) -> Optional[Account]:
        given = {name: getattr(options, f"{whose}_{name}") for name in ("profile", "role_arn", "external_id")}
        asked = {name: value for name, value in given.items() if value is not None}
        return Account(**asked) if asked else None

    return Client(
        region=options.region,
        profile=options.profile,
        endpoint_url=options.endpoint_url,
        role_arn=options.role_arn,
        external_id=options.external_id,
        dns=account("dns"),
        kms=account("kms"),
    )


def is_file(given: str) -> bool:
    """Whether an argument names a file and not a store."""
    return given.rpartition(".")[2].lower() in ("json", "toml", "yaml", "yml")


def target(given: str) -> Union[Connectivity, str]:
    """A spec, or the name of a store."""
    return Connectivity.from_file(given) if is_file(given) else given


def show(document: Document, options: argparse.Namespace) -> None:
    """Prints a document."""
    print(document.to_json() if options.json else str(document).rstrip("\n"))


def agreed(plan: Plan, options: argparse.Namespace) -> bool:
    """Whether the plan may be carried out."""
    if options.yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        print("nothing was done: say --yes, since there is no terminal to ask on", file=sys.stderr)
        return False
    print(plan, file=sys.stderr)
    print("Do it? Only `yes` is a yes: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() == "yes"


def run(started: Run, shown: progress.Lines, options: argparse.Namespace) -> int:
    """Follows a run to its end."""
    with shown:
        for event in started.events():
            shown(event)
        report = started.result()
    show(report, options)
    return WAITING if report.waiting_for_dns else DONE


def judged(document: Document) -> int:
    """Whether a look found something."""
    if isinstance(document, Verification):
        return FOUND if document.failures else DONE
    if isinstance(document, Diagnosis):
        return FOUND if document.causes else DONE
    return DONE


def act(options: argparse.Namespace) -> int:
    """Does what the options say; returns the exit code."""
    if options.verb == "schema":
        print(json.dumps(schema(options.name), indent=2))
        return DONE
    if options.verb == "simulate":
        return simulate(options)
    told = ""
    if options.verb == "diagnose":
        told = sys.stdin.read() if options.told == "-" else options.told
        if options.spec is None:
            found = diagnose_text(told)
            show(found, options)
            return judged(found)
    with client(options) as aws:
        if options.verb == "plan":
            plan = aws.plan(Connectivity.from_file(options.spec))
            if options.out:
                with open(options.out, "w", encoding="utf-8") as file:
                    file.write(plan.to_json())
            show(plan, options)
        elif options.verb == "apply":
            plan = read_plan(options.spec) or aws.plan(Connectivity.from_file(options.spec))
            if not plan.is_empty and not agreed(plan, options):
                return NOT_AGREED
            return run(aws.apply(plan, consent=options.consent), progress.rich(), options)
        elif options.verb == "teardown":
            plan = aws.plan_teardown(target(options.spec))
            if not plan.is_empty and not agreed(plan, options):
                return NOT_AGREED
            return run(aws.apply(plan, consent=["delete", *options.consent]), progress.rich(), options)
        else:
            looked: Document
            if options.verb == "status":
                looked = aws.status(Connectivity.from_file(options.spec))
            elif options.verb == "verify":
                looked = aws.verify(target(options.spec))
            elif options.verb == "probe":
                looked = aws.probe(Connectivity.from_file(options.spec))
            else:
                looked = aws.diagnose(target(options.spec), told=told, probe=options.probe)
            show(looked, options)
            return judged(looked)
    return DONE


def read_plan(path: str) -> Optional[Plan]:
    """The plan in a file, if it is one."""
    if not path.endswith(".json"):
        return None
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        is_plan = "steps" in json.loads(text)
    except (ValueError, TypeError):
        return None
    return Plan.from_json(text) if is_plan else None


def simulate(options: argparse.Namespace) -> int:
    """Serves a simulated AWS."""
    from .testing import ACCOUNT, SimulatedAws

    with SimulatedAws(speed=options.speed, begins_now=True, hosted_zones=options.hosted_zone) as aws:
        url = aws.serve(options.port)
        keys = f"AWS_ACCESS_KEY_ID=AKIA{ACCOUNT} AWS_SECRET_ACCESS_KEY=simulated"
        print(f"simulated AWS on {url}: export AWS_ENDPOINT_URL={url} {keys}", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return DONE


def complete(known: argparse.ArgumentParser) -> None:
    """Answers a shell that asks for completions; without `argcomplete` no shell does."""
    try:
        import argcomplete
    except ImportError:
        return
    argcomplete.autocomplete(known)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the command; returns its exit code."""
    known = parser()
    complete(known)
    options = known.parse_args(arguments)
    try:
        return act(options)
    except (errors.InvalidSpec, errors.InvalidArgument) as error:
        print(error, file=sys.stderr)
        return USAGE
    except errors.XksError as error:
        if error.report is not None:
            show(error.report, options)
        print(error, file=sys.stderr)
        if isinstance(error, errors.NeedsConsent):
            return NOT_AGREED
        if isinstance(error, errors.RulesBroken):
            return FOUND
        return LATER if error.retryable else FAILED
    except OSError as error:
        print(error, file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
