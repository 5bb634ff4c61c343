"""
Dapr's encryption scheme ``dapr.io/enc/v1``: documents of any length, encrypted with a key of their own.

That key is wrapped by one that a vault keeps, and stands in the document's header. Source: dapr/kit
``schemes/enc/v1/README.md``. Few sidecars use it: it is loaded with the first document.
"""
