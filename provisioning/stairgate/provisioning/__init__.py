"""Making a home: its certificate authority, signing key, certificates and broker settings.

In reading order: `home` (the command and what a home's directory holds), `authority` (who may speak to whom),
`signing` (whose policy a device believes), `broker` (which topics a certificate opens), `settings` (what each
program is told), `endpoints`, `identifiers`, `private_files`, `faults`.
"""
