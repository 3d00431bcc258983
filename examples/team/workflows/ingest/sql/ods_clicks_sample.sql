-- 点击流抽样，比例由环境决定。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS ods_clicks_sample (
    user_id       STRING COMMENT '用户',
    page          STRING COMMENT '页面'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE ods_clicks_sample PARTITION (ds = '${bizdate}')
SELECT  user_id,
        page
FROM    landing_clicks
WHERE   ds = '${bizdate}'
AND     ABS(HASH(user_id)) % 1000 < ${script.clickSample};
