drop table gateway_webhooks;
