"""opgen: everything Segue knows of its operators, generated from ops.yaml.

One YAML entry states an operator's signature, type rule, dtype rule, tags and names. The stages are one file each:

``schema``  the signature grammar: text -> `Signature`
``model``   the typed description of one operator, and the checks that need the whole of it
``loader``  YAML files -> `Model`; every error names file and line
``emit``    `Model` -> text, through the templates of templates/

Run as ``python -m opgen --ops csrc/ops --out build/generated/ops --emit table,builders``, or with ``--print docs``.
"""
