"""Every page there is; what is not named here cannot be reached."""

from gateway.console import (
    deliveries,
    entry,
    hints,
    log,
    messages,
    openid,
    overview,
    own_account,
    partners,
    policy,
    publishing,
    reports,
    saved,
    signing_in,
    subjects,
)
from gateway.console.page import Page


def pages() -> list[Page]:
    """All of them, by area."""
    return [
        overview.overview,
        *(log.log, log.log_export, entry.entry, entry.entry_proof, entry.entry_receipt),
        *(saved.search_save, saved.search_remove),
        *(hints.hints, hints.hint_review),
        *(reports.reports, reports.report_recipients, reports.report_notification),
        *(reports.report_breach, reports.report_access, reports.report_processing),
        *(subjects.subjects, subjects.erasure_ask, subjects.erasure_confirm),
        *(subjects.erasure_withdraw, reports.report_erasure),
        *(deliveries.deliveries, deliveries.delivery, deliveries.delivery_contact),
        *(deliveries.delivery_appointment, deliveries.delivery_done),
        *(partners.carriers, partners.client_create, partners.client_rotate),
        *(partners.client_revoke, messages.messages, messages.messages_replay),
        *(policy.policy, publishing.rules_propose),
        *(publishing.rules_confirm, publishing.rules_withdraw),
        *(signing_in.sign_in, signing_in.sign_in_post),
        *(signing_in.sign_in_passkey_options, signing_in.sign_in_passkey),
        *(openid.sign_in_openid, openid.sign_in_openid_back),
        *(signing_in.link, signing_in.link_post, signing_in.sign_out),
        *(signing_in.language, signing_in.asset),
        *(own_account.account, own_account.account_password, own_account.account_authenticator),
        *(own_account.account_codes, own_account.account_sessions_end),
        *(own_account.account_passkey_options, own_account.account_passkey_add),
        own_account.account_passkey_remove,
    ]
