"""From search words to pictures with origin and licence: sources, a polite downloader, the ledger of a collection."""
