"""python -m tap_versionforge_salesforce."""

from tap_versionforge_salesforce.cli import main

main()
