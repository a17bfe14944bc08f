"""Single sign-on: the group's own identity provider (OpenID Connect) says who somebody is. Decision 21, R017, R019.

`tokens` judges what the provider says, `links` finds whose account it is, `door` are the two routes.
"""
