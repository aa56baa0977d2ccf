#!/usr/bin/python3
"""Writes src/number/operators.sql from Debian's mobile-broadband-provider-info
(public domain): mobile operators by MCC and MNC (NUM-07).

    tools/operators.py > src/number/operators.sql

Of several brands on one network the shortest name is kept: it is the operator's
own more often than a reseller's.
"""
import collections
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

SOURCE = "/usr/share/mobile-broadband-provider-info/serviceproviders.xml"
HEAD = """\
-- Mobile operators by MCC and MNC (NUM-07).  Made by tools/operators.py from
-- Debian's mobile-broadband-provider-info %s (public domain).

CREATE TABLE portatext.shipped_operator (
    mcc text NOT NULL,
    mnc text NOT NULL,
    country text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (mcc, mnc)
);
COMMENT ON TABLE portatext.shipped_operator IS 'Mobile operators as shipped; read-only. Source: mobile-broadband-provider-info %s.';
COMMENT ON COLUMN portatext.shipped_operator.mcc IS 'Mobile country code, 3 digits.';
COMMENT ON COLUMN portatext.shipped_operator.mnc IS 'Mobile network code, 2 or 3 digits.';
COMMENT ON COLUMN portatext.shipped_operator.country IS 'ISO 3166-1 code.';
INSERT INTO portatext.shipped_operator (mcc, mnc, country, name) VALUES
"""
TAIL = """;

CREATE TABLE portatext.operator (LIKE portatext.shipped_operator INCLUDING ALL);
COMMENT ON TABLE portatext.operator IS 'Mobile operators that this installation knows better; they overlay the shipped ones.';
SELECT pg_catalog.pg_extension_config_dump('portatext.operator', '');

CREATE VIEW portatext.operators WITH (security_barrier) AS
    SELECT o.mcc, o.mnc, o.country, o.name, 'this installation'::text AS source, NULL::date AS source_date FROM portatext.operator o
    UNION ALL
    SELECT s.mcc, s.mnc, s.country, s.name, 'mobile-broadband-provider-info %s', date '%s' FROM portatext.shipped_operator s
    WHERE NOT EXISTS (SELECT FROM portatext.operator o
                      WHERE o.mcc OPERATOR(pg_catalog.=) s.mcc AND o.mnc OPERATOR(pg_catalog.=) s.mnc);
COMMENT ON VIEW portatext.operators IS
    'All known mobile operators, to be sorted by country or mcc (NUM-07). The list is not complete: networks come and go.';
COMMENT ON COLUMN portatext.operators.source_date IS 'The day of the source; null: the installation keeps the row itself.';
GRANT SELECT ON portatext.operators TO portatext_account, portatext_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON portatext.operator TO portatext_operator;
"""


def operators():
    names = collections.defaultdict(set)
    for country in ElementTree.parse(SOURCE).getroot().iter("country"):
        for provider in country.iter("provider"):
            name = provider.findtext("name")
            for network in provider.iter("network-id"):
                key = (network.get("mcc"), network.get("mnc"))
                if name and all(k and k.isdigit() for k in key) and len(key[0]) == 3 and len(key[1]) in (2, 3):
                    names[key].add((len(name), name, country.get("code").upper()))
    for (mcc, mnc), found in sorted(names.items()):
        _, name, country = min(found)
        yield mcc, mnc, country, name


def main():
    version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "mobile-broadband-provider-info"],
                             check=True, capture_output=True, text=True).stdout
    rows = ["    ('%s', '%s', '%s', '%s')" % (mcc, mnc, country, name.replace("'", "''"))
            for mcc, mnc, country, name in operators()]
    sys.stdout.write(HEAD % (version, version) + ",\n".join(rows) + TAIL % (version, version.split("-")[0]))


main()
