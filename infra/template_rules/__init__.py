"""Rules of AWS that the transformed template must keep, beyond those of the linters.

    python3 -m infra.template_rules [TEMPLATE]

`transform` makes the CloudFormation template of the SAM template. `deployments` lists combinations of parameters, and `resolve`
evaluates the intrinsic functions for one of them. The rules look at the result:

    graph         no circular dependency and no unknown reference
    ordering      what a resource needs when it is created, or when it first runs, exists before it
    names         physical names are unique where AWS requires it, and as long as AWS allows
    permissions   IAM actions exist, and resources and condition keys fit them
    limits        sizes and ranges, also at the ends of the ranges of parameters

cfn-lint checks the schemas of all resources of the transformed template.
"""
