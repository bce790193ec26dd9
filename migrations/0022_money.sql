-- What an account held, each time that the job `balance` asked: the chain of a day's money is made of these and of the
-- answers to our own purchases.
CREATE TABLE orderwatch.readings (
    integration_id uuid NOT NULL,
    asked_at timestamptz NOT NULL,
    answered_at timestamptz NOT NULL,
    balance numeric NOT NULL,
    PRIMARY KEY (integration_id, asked_at)
);
COMMENT ON TABLE orderwatch.readings IS 'Balances that the panels told when they were asked, in TRY; only added to, and deleted when old.';
CREATE INDEX readings_by_age ON orderwatch.readings (asked_at);

-- The reading that the next one is compared with is one of them now.
INSERT INTO orderwatch.readings (integration_id, asked_at, answered_at, balance)
SELECT integration_id, mark_at, mark_at, mark FROM orderwatch.panels WHERE mark IS NOT NULL AND mark_at IS NOT NULL;
ALTER TABLE orderwatch.panels DROP COLUMN mark;
COMMENT ON COLUMN orderwatch.panels.mark_at IS 'When the panel was asked for the last balance up to which its money is accounted for.';

ALTER TABLE orderwatch.purchases
    ADD COLUMN answered_at timestamptz, ADD COLUMN balance numeric, ADD COLUMN sold_for numeric;
COMMENT ON COLUMN orderwatch.purchases.answered_at IS 'When the panel named the charge or the balance; NULL where it never did.';
COMMENT ON COLUMN orderwatch.purchases.balance IS 'What the account held after it, as the answer to the purchase says, in TRY.';
COMMENT ON COLUMN orderwatch.purchases.sold_for IS 'What the customer paid, in TRY by the rates of the shop when it was claimed; NULL where that is not known.';

ALTER TABLE orderwatch.orders ADD COLUMN loss_accepted boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN orderwatch.orders.loss_accepted IS 'A person released it although it is sold at a loss.';
