"""x"""


rule all:
    input:
        rules.items.input,
