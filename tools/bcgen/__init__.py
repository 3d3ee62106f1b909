"""bcgen: turns canonical.yaml and versions/py31x.yaml into the C++ tables of csrc/bytecode.

source    YAML with file and line
expr      the small expressions and expansions inside the YAML
model     canonical instructions and versions, checked
emit      the model as C++, through templates/
"""
