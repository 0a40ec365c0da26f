"""Types and table of commands with a secret argument: programs, options, places that hold it."""

import dataclasses
import re
from pathlib import PurePath

from securenet_obs.processes.lazy import lazy_property
from securenet_obs.redaction.rules.rule import ESCAPE


@dataclasses.dataclass(frozen=True)
class Command:
    """One group of commands with the same options.

    Args:
        names: the programs.
        separate: options whose secret is the next argument: `-a SECRET`.
        attached: options whose secret follows without a space: `-pSECRET`, `/p:SECRET`.
        pairs: options with `user:SECRET`, as the next argument or attached.
        separator: character between the two parts of such a pair.
        verbs: with verbs, the row applies only after one of these arguments.
        place: number of the positional argument after the verb that is secret; 0 is none, -1 the
            last, -2 the one after a share, -3 the password in a login of Oracle, `user/SECRET@db`,
            -4 the second, unless it is an option of Windows.
    """

    names: str
    separate: str = ""
    attached: str = ""
    pairs: str = ""
    separator: str = ":"
    verbs: str = ""
    place: int = 0


COMMANDS: tuple[Command, ...] = (
    Command("curl", "--oauth2-bearer --pass --proxy-pass -b --cookie --tlspassword", "",
            "-u --user -U --proxy-user"),
    Command("http https xh", "", "", "-a --auth"),
    Command("mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mysqlpump mysqlsh mariadb"
            " mariadb-dump mariadb-admin xtrabackup mycli", "", "-p"),
    Command("redis-cli valkey-cli keydb-cli redis-benchmark", "-a --pass"),
    Command("sshpass", "-p", "-p"),
    Command("docker podman nerdctl helm buildah skopeo oras crane kaniko ctr az", "-p", "",
            "--creds --src-creds --dest-creds", verbs="login copy inspect"),
    Command("skopeo ctr crictl", "", "", "--creds --src-creds --dest-creds -u --user"),
    Command("openssl", "-passin -passout -pass -k -password"),
    Command("htpasswd", verbs="-b -nb -nbB -Bb -bc -cb -bB -Bbn -bn -nbm -bcB -cbB", place=-1),
    Command("net net.exe", verbs="use", place=-2),
    Command("smbclient rpcclient smbget smbmap winexe nmblookup wmic net", "", "", "-U --user",
            "%"),
    Command("ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldappasswd ldapcompare", "-w -s",
            "-w"),
    Command("mongo mongosh mongodump mongorestore mongoexport mongoimport mongostat mongotop",
            "-p", "-p"),
    Command("rabbitmqctl rabbitmqctl.bat", verbs="add_user change_password authenticate_user",
            place=2),
    Command("rabbitmqadmin cqlsh rdesktop evil-winrm psexec twine crackmapexec nxc netexec"
            " impacket-smbexec isql tsql influx ansible-vault cadaver nmcli wbadmin", "-p"),
    Command("sqlcmd bcp osql ipmitool", "-P", "-P"),
    Command("zip unzip zipcloak", "-P --password", "-P"),
    Command("7z 7za 7zr 7zz rar unrar", "", "-p -hp"),
    Command("gpg gpg2", "--passphrase"),
    Command("ssh-keygen", "-N -P"),
    Command("lftp ncftp", "", "", "-u", ","),
    Command("ncftpget ncftpput", "-p"),
    Command("snmpwalk snmpget snmpset snmpbulkwalk snmptrap", "-A -X -c"),
    Command("swaks", "-ap -a_p --auth-password"),
    Command("xfreerdp xfreerdp3 wfreerdp cmdkey schtasks wmic mstsc", "",
            "/p: /pass: /password: /rp:"),
    Command("schtasks", "/rp /p"),
    Command("etcdctl", "", "", "--user"),
    Command("aws", verbs="aws_secret_access_key aws_session_token", place=1),
    Command("vault", verbs="login", place=1),
    Command("nuget nuget.exe", "-ApiKey", verbs="setapikey", place=1),
    Command("dotnet", "-k --api-key"),
    Command("wpa_passphrase", place=2),
    Command("snyk", verbs="auth", place=1),
    Command("ngrok", verbs="authtoken add-authtoken", place=1),
    Command("doctl", "-t"),
    Command("mc", verbs="set", place=4),
    Command("net net.exe net1", verbs="user", place=-4),
    Command("keytool jarsigner", "-storepass -keypass -srcstorepass -deststorepass -new"),
    Command("kinit useradd usermod", "-p"),
    Command("git", verbs="http.extraheader", place=1),
    Command("sqlplus sqlplus.exe sqlldr sqlldr.exe expdp impdp rman", place=-3),
    Command("wget", "--password --http-password --ftp-password --proxy-password"),
    Command("auth", verbs="plain login xoauth2 PLAIN LOGIN XOAUTH2", place=1),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class CommandRule:
    """Command lines with a secret argument."""

    name: str
    commands: tuple[Command, ...]
    pii: bool = False

    @lazy_property
    def programs(self) -> dict[str, list[Command]]:
        """Return the rows of each program, by its name in lower case."""
        rows: dict[str, list[Command]] = {}
        for command in self.commands:
            for name in command.names.split():
                rows.setdefault(name.lower(), []).append(command)
        return rows

    @lazy_property
    def compiled(self) -> re.Pattern[str]:
        """Compiled pattern that finds a program in a text."""
        names = "|".join(sorted(map(re.escape, self.programs), key=len, reverse=True))
        return re.compile(rf"(?<![\w.-])(?:{names})(?=[\"']?,?\s)", re.IGNORECASE)

    @property
    def anchor(self) -> bytes:
        """Return the pattern that finds a program, followed by an argument, in serialised bytes."""
        names = b"|".join(re.escape(name).encode() for name in self.programs)
        after = rb"(?:[\s\"',\\]|" + ESCAPE + rb")"
        return rb"(?:^|[^A-Za-z0-9_.-]|" + ESCAPE + rb")(?i:" + names + rb")" + after


def program(word: str) -> str:
    """Return the name of the program of a command line's word, without its folder."""
    return PurePath(word.replace("\\", "/")).name.lower()


COMMAND_RULE = CommandRule("command_line", COMMANDS)
