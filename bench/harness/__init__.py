"""The benchmark's driver: one noun a module, standard library only.

    commands    run a program, and what ends the whole
    programs    where the product, its instruments and its peers stand on this machine
    corpora     the trees, the sets packed of them, what they come to
    sweeps      several corpora in turn: sizes, numbers
    targets     a fresh place to restore to, for each run
    rows        one row of the table: how it is run, and what one run of it gave
    profiles    where the time of a restore went, as it tells itself
    product, peers, ceilings   which rows there are
    rounds      all rows, in turns
    trees       is what was restored the same tree?
    results     medians, ratios, facts of the machine: the JSON
    tables, svg, plots, comparison   what people look at
    conformance   another program: what is left when a restore goes wrong
"""
